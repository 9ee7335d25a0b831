"""What SQLite does for a statement, counted: the same on every machine, however busy."""

from collections.abc import Callable

import sqlalchemy as sa


def steps_of(engine: sa.Engine, work: Callable[[sa.Connection], object]) -> int:
    """Steps of SQLite's machine, by the hundred."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 100
        return 0

    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, 100)
        work(connection)
        driver.set_progress_handler(None, 0)
    return steps
