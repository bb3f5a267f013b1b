"""What may leave: suppression, its audit, releases, open pages and the API of aggregates."""
