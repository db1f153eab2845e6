DROP INDEX customers_lower_name;
