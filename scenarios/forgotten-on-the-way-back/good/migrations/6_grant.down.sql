DROP VIEW reachable;
GRANT SELECT (fax) ON customers TO PUBLIC;
