UPDATE orders SET cents = NULL;
