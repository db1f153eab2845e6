DROP INDEX customers_fax;
