INSERT INTO tickets VALUES (1, 'open'), (2, 'waiting'), (3, 'closed');
