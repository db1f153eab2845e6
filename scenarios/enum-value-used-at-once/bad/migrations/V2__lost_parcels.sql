ALTER TYPE parcel_state ADD VALUE IF NOT EXISTS 'lost';
UPDATE parcels SET state = 'lost' WHERE id = 2;
