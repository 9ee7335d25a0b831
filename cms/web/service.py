"""The web service: receives webhooks, keeps the schedule in step with them, shows what is published and what waits."""

import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from cms import __version__
from cms.application.process_events import process_events, reschedule
from cms.bootstrap import System
from cms.domain.errors import CmsError, InvalidValueError, NotFoundError, WarehouseError
from cms.web.background import BackgroundWorker
from cms.web.json_api import json_api
from cms.web.pages import pages
from cms.web.refusals import RefusedRequestError
from cms.web.webhooks import Receiver, webhooks

_log = logging.getLogger(__name__)
NOTICE_SWEEP_SECONDS = 30.0
_STATUS_OF: tuple[tuple[type[CmsError], int, str], ...] = (
    (NotFoundError, 404, "not_found"),
    (InvalidValueError, 422, "unprocessable"),
    (WarehouseError, 503, "warehouse"),
)


@dataclass(kw_only=True)
class Service:
    """The service's workers over a system.

    Parameters
    ----------
    audience : str
        What monday's tokens must be made out to: our address as monday.com knows it.
    """

    system: System
    audience: str
    events: BackgroundWorker = field(init=False)
    notices: BackgroundWorker = field(init=False)

    def __post_init__(self) -> None:
        sweep = self.system.settings.web.sweep_seconds
        self.events = BackgroundWorker(name="events", round=self._process_events, sweep_seconds=sweep)
        self.notices = BackgroundWorker(name="notices", round=self._send_notices, sweep_seconds=NOTICE_SWEEP_SECONDS)

    @property
    def workers(self) -> tuple[BackgroundWorker, ...]:
        """Those that the settings ask for."""
        settings = self.system.settings
        sends = settings.web.send_notices and settings.notifications.enabled
        return (self.events, self.notices) if sends else (self.events,)

    def start(self) -> None:
        """Take up what a predecessor of this process left, then work on what comes."""
        self._warm_up()
        # what is loaded now stays: a collection that walks through all of it would hold up events for 0.2 s
        gc.freeze()
        released = self.system.warehouse.inbox.release(self.system.vanished_workers())
        if released:
            _log.warning("%d event(s) were left by a worker that is gone; they are processed again", released)
        for worker in self.workers:
            worker.start()

    def stop(self) -> None:
        """Let the workers finish what they have begun."""
        for worker in self.workers:
            worker.stop()
        gc.unfreeze()

    def _warm_up(self) -> None:
        """Load now what the first event would otherwise wait for, and place what came while no service ran."""
        importlib.import_module("cms.scheduling.optimizer")
        try:
            reschedule(self.system.event_work)
        except CmsError as error:
            _log.error("the schedule could not be brought in line at the start: %s", error)

    def _process_events(self) -> bool:
        report = process_events(self.system.event_work)
        for error in report.errors:
            _log.warning("%s", error)
        if report.publication is not None:
            _log.info("schedule version %d: %d change(s)", report.publication.version, len(report.publication.changes))
            self.notices.wake()
        return report.claimed > 0

    def _send_notices(self) -> bool:
        for error in self.system.send_notices().errors:
            _log.warning("%s", error)
        return False


def create_app(service: Service, *, with_workers: bool = True) -> FastAPI:
    """The service as an ASGI application.

    Parameters
    ----------
    with_workers : bool
        False: events are kept, and another process works on them.
    """
    app = FastAPI(
        title="Customer Master Schedule",
        version=__version__,
        lifespan=_working(service) if with_workers else None,
        docs_url=None,
        redoc_url=None,
    )
    receiver = Receiver(system=service.system, audience=service.audience, wake=service.events.wake)
    app.include_router(webhooks(receiver))
    app.include_router(json_api(service.system, service.workers if with_workers else ()))
    app.include_router(pages(service.system))
    app.add_exception_handler(CmsError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    return app


def _working(service: Service) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            yield
        finally:
            service.stop()

    return lifespan


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, RefusedRequestError):
        client = request.client.host if request.client else "unknown"
        _log.warning("refused %s %s from %s: %s", request.method, request.url.path, client, error)
        return _problem(error.status, error.code, str(error))
    status, code = next(((s, c) for kind, s, c in _STATUS_OF if isinstance(error, kind)), (409, "refused"))
    if status >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error)
    return _problem(status, code, str(error))


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for it"
    sentences = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()]
    return _problem(422, "unprocessable", "; ".join(sentences))


def _problem(status: int, code: str, message: str) -> JSONResponse:
    headers = {"Retry-After": "30"} if status == 503 else None
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)
