"""The schema's history, one revision a file; `cms.warehouse.schema` runs it."""
