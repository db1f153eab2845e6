CREATE TABLE prices (sku text NOT NULL CONSTRAINT prices_sku UNIQUE, country text NOT NULL DEFAULT 'AT', cents integer);
