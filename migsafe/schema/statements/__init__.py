"""The SQL that leads from one schema to another: one writer a kind of object, found in ``kinds.py``."""
