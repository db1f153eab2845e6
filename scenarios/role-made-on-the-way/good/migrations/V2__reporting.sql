GRANT SELECT ON orders TO auditing;
