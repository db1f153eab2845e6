CREATE TABLE readings (taken timestamptz NOT NULL, celsius numeric NOT NULL);
