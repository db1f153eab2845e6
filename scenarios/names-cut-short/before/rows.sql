INSERT INTO customers VALUES (1, 'Ada'), (2, 'Augusta Ada King, Countess of Lovelace');
