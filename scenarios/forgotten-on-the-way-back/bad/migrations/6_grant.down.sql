DROP VIEW reachable;
