GRANT SELECT ON customers TO reporting;
