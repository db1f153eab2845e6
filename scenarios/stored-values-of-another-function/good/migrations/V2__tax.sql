CREATE OR REPLACE FUNCTION with_tax(net numeric) RETURNS numeric IMMUTABLE LANGUAGE sql RETURN net * 1.20;

-- What is stored is worked out again.
UPDATE prices SET net = net;
