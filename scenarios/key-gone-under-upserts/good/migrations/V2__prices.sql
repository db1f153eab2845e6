CREATE INDEX prices_country ON prices (country);
