INSERT INTO settings (country) VALUES (49);
