INSERT INTO events (happened_on) VALUES ('2024-02-29'), ('2024-03-01');
