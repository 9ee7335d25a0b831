"""A process that takes turns and notes when each begins and ends: ``python -m … URL FILE TURNS SECONDS``."""

import os
import sys
import time
from pathlib import Path

from cms.warehouse.engine import open_engine
from cms.warehouse.locks import turn


def main(url: str, file: str, turns: int, seconds: float) -> None:
    """Take the turn for the board so many times, and hold it so long each time."""
    engine = open_engine(url)
    for _ in range(turns):
        with turn(engine, "board 1"):
            _note(file, "begin")
            time.sleep(seconds)
            _note(file, "end")
    engine.dispose()


def _note(file: str, what: str) -> None:
    with Path(file).open("a", encoding="utf-8") as notes:
        notes.write(f"{what} {os.getpid()}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
