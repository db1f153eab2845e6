-- migsafe: ignore data-lost(public.order.note) never filled in but by mistake
ALTER TABLE orders DROP COLUMN note;
