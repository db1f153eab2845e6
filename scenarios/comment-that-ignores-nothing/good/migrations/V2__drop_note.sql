-- migsafe: ignore data-lost(public.orders.note) never filled in but by mistake
ALTER TABLE orders DROP COLUMN note;
