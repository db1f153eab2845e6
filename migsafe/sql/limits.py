"""What PostgreSQL's SQL has room for."""

LONGEST_NAME = 63
"""Bytes of an identifier that are kept (NAMEDATALEN - 1; manual, 4.1.1)."""
