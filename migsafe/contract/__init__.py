"""Two OpenAPI documents as values, what differs between them, and whom that breaks."""
