UPDATE parcels SET state = 'lost' WHERE id = 2;
