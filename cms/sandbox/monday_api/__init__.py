"""A monday.com account in memory, and its GraphQL API."""
