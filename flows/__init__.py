"""Prefect flows, one a file: retries, schedules and artifacts around the use cases; no business rule."""
