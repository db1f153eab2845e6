CREATE TYPE parcel_state AS ENUM ('packed', 'sent');
CREATE TABLE parcels (id bigint PRIMARY KEY, state parcel_state NOT NULL);
