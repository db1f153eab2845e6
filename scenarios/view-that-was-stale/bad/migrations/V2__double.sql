UPDATE orders SET cents = 2 * cents WHERE id = 1;
