UPDATE customers SET reviewed_at = clock_timestamp();
