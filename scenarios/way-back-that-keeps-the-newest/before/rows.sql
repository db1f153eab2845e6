INSERT INTO rates (currency, rate) VALUES ('EUR', 1.08), ('GBP', 1.27);
