"""The stock follows its movements by itself"""

from alembic import op

revision = "3e74d08b6c91"
down_revision = "d51e9c3b7a02"


def upgrade():
    op.execute(
        """
        CREATE FUNCTION move_stock() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE inventory
               SET on_hand = on_hand + NEW.quantity
             WHERE warehouse = NEW.warehouse AND product_id = NEW.product_id;
            RETURN NEW;
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER move_stock AFTER INSERT ON inventory_movements FOR EACH ROW EXECUTE FUNCTION move_stock()"
    )


def downgrade():
    op.execute("DROP TRIGGER move_stock ON inventory_movements")
    op.execute("DROP FUNCTION move_stock()")
