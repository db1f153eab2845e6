CREATE OR REPLACE PROCEDURE raise_prices() LANGUAGE plpgsql AS $$
BEGIN
    FOR start IN 1..91 BY 10 LOOP
        UPDATE products SET price = price + 100, raised = true WHERE id BETWEEN start AND start + 9;
        COMMIT;
    END LOOP;
END
$$;
CALL raise_prices();
