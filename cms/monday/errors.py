"""The ways monday.com says no: one class for each that a caller treats differently."""

from datetime import datetime

from cms.domain.errors import SourceError


class MondayError(SourceError):
    """monday.com refused a request, or its answer cannot be used.

    Parameters
    ----------
    what : str
        What happened, in a sentence, without secrets.
    operation : str
        The query or mutation that was asked.
    code : str
        The code that monday.com gave, where it gave one.
    request_id : str
        What monday.com's support asks for.
    """

    def __init__(self, what: str, *, operation: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(what, operation, code, request_id)
        self.what = what
        self.operation = operation
        self.code = code
        self.request_id = request_id

    def __str__(self) -> str:
        place = f"monday.com, {self.operation}" if self.operation else "monday.com"
        code = f" [{self.code}]" if self.code else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{place}: {self.what}{code}{request}"


class RefusedError(MondayError):
    """The request itself is wrong: another try gives the same answer."""


class UnauthorizedError(RefusedError):
    """The token is unknown, expired, or may not do this."""


class VersionError(RefusedError):
    """Another API version answered than the one that is pinned."""


class TooComplexError(RefusedError):
    """One request costs more than any may; ask for less at a time."""


class BoardDriftError(RefusedError):
    """A board no longer has the columns that its mapping names."""


class EditedMeanwhileError(RefusedError):
    """Somebody changed the item on the board since it was last read; it was not overwritten."""


class CursorExpiredError(MondayError):
    """The place in the list of items is forgotten; reading starts again where it stopped."""


class DailyLimitError(MondayError):
    """The account's calls of the day are used up.

    Parameters
    ----------
    resumes_at : datetime
        Midnight UTC, when the count starts anew.
    """

    def __init__(self, what: str, *, resumes_at: datetime, **details: str) -> None:
        super().__init__(what, **details)
        self.resumes_at = resumes_at

    def __str__(self) -> str:
        return (
            f"{super().__str__()}. Nothing was changed; calls count anew from {self.resumes_at:%Y-%m-%d %H:%M} UTC, "
            "and the next sync then goes on"
        )


class BusyError(MondayError):
    """A limit was reached: the same request is answered later.

    Parameters
    ----------
    retry_in_seconds : float, optional
        When, as monday.com says it.
    """

    def __init__(self, what: str, *, retry_in_seconds: float | None = None, **details: str) -> None:
        super().__init__(what, **details)
        self.retry_in_seconds = retry_in_seconds


class BrokenAnswerError(BusyError):
    """No usable answer came: the server failed, the line broke, or the answer was cut off."""
