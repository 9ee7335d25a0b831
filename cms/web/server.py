"""Runs the service on a port of this machine."""

import socket

import uvicorn
from fastapi import FastAPI

from cms.domain.errors import ConfigurationError

_STOP_SECONDS = 20
_KEEP_ALIVE_SECONDS = 75
"""Longer than proxies and clients keep an idle connection: they, not we, should be the ones who close it."""


def listen(host: str, port: int) -> socket.socket:
    """Take the port; 0 takes a free one.

    Raises
    ------
    ConfigurationError
        It cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol named, asyncio sends small answers at once instead of waiting for an acknowledgement
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        problem = f"web.host and web.port: {host}:{port} cannot be used: {error.strerror}; give another --port"
        raise ConfigurationError((problem,)) from None
    return listening


def server_of(app: FastAPI) -> uvicorn.Server:
    """A server that is ready to run on a port taken."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return uvicorn.Server(config)


def own_address(listening: socket.socket, host: str) -> str:
    """Where the service answers."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listening.getsockname()[1]}"
