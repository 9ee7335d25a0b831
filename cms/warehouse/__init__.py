"""The warehouse: tables, migrations, gated loads and the stores that the use cases read and write."""
