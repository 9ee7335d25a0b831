"""Keeps a command at its work, and its exit status, when nobody reads its output any more (``cms … | head``)."""

import io
import sys
from typing import TextIO


class _UnreadPipe(io.FileIO):
    """A file descriptor whose output is dropped once its reader has gone; every other failure stays one."""

    def write(self, data: "io.ReadableBuffer") -> int:  # type: ignore[name-defined]
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def outlive_readers() -> None:
    """From now on standard output and standard error may be closed at their other end without ending the command."""
    sys.stdout = _outliving(sys.stdout)
    sys.stderr = _outliving(sys.stderr)


def _outliving(stream: TextIO | None) -> TextIO | None:
    """The stream over the same descriptor; None where the process has none."""
    if stream is None:
        return None
    stream.flush()
    interactive = stream.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(_UnreadPipe(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=interactive or stream is sys.stderr,
        write_through=stream is sys.stderr,
    )
