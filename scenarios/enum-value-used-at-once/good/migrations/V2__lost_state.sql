ALTER TYPE parcel_state ADD VALUE IF NOT EXISTS 'lost';
