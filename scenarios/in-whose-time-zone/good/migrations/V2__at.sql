ALTER TABLE visits ALTER COLUMN at TYPE timestamp USING at AT TIME ZONE 'Europe/Berlin';
ALTER TABLE visits RENAME COLUMN at TO berlin_time;
