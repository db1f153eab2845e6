-- The clock of the sensor was ten minutes slow.
UPDATE readings SET celsius = celsius * 9 / 5 + 32, taken = taken + interval '10 minutes';
