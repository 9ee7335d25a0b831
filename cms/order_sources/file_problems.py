"""What can be wrong with a file as such, in words for the person who can put it right."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cms.domain.errors import SourceError


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Say which file could not be opened or read, and why."""
    try:
        yield
    except FileNotFoundError:
        raise SourceError(f"file {path} does not exist; the path starts at {Path.cwd()}") from None
    except IsADirectoryError:
        raise SourceError(f"file {path} is a folder") from None
    except PermissionError:
        raise SourceError(f"file {path} may not be read by this user; check its permissions") from None
    except OSError as error:
        raise SourceError(f"file {path} cannot be read: {error.strerror or error}") from None


def checked_header(columns: Sequence[str], place: str) -> tuple[str, ...]:
    """Column names that stand for one column each; nameless ones are left alone.

    Raises
    ------
    SourceError
        A name stands twice, so that nobody can tell which column is meant.
    """
    twice = sorted(name for name, count in Counter(columns).items() if name and count > 1)
    if twice:
        raise SourceError(f"{place} has more than one column {', '.join(map(repr, twice))}; give each its own name")
    return tuple(columns)
