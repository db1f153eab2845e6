"""migsafe proves what a PostgreSQL schema migration does before production does."""

__version__ = "0.1.0"
