UPDATE orders SET cents = total * 100 WHERE cents IS NULL;
