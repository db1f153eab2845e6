INSERT INTO parcels (id, state) VALUES (1, 'packed'), (2, 'sent');
