"""What every test of the warehouse shows beside its own sentence."""

from tests.sql_server_refusals import only_what_sql_server_takes

__all__ = ["only_what_sql_server_takes"]
