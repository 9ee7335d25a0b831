"""How the service says no to a request."""

from cms.domain.errors import CmsError


class RefusedRequestError(CmsError):
    """A request that is not taken: nothing of it was stored.

    Parameters
    ----------
    status : int
        Of the HTTP answer.
    code : str
        For programs.
    message : str
        For people, without secrets.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message
