DROP INDEX customers_fax;
DROP INDEX customers_name;
