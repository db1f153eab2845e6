"""Two databases, or what is kept of them, compared."""
