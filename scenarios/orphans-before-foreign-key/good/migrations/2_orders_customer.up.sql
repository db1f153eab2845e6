-- migsafe: ignore data-nulled the customer is gone, there is nothing to refer to
-- migsafe: ignore rollback-lossy the customer is gone for good
UPDATE orders SET customer_id = NULL
WHERE NOT EXISTS (SELECT FROM customers WHERE customers.id = orders.customer_id);
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers;
