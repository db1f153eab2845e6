DELETE FROM customers WHERE email IS NULL;
