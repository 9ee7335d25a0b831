"""Secrets for a flow: from the environment, else from Prefect Secret blocks (``cms-monday-token``)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from prefect.blocks.system import Secret

from cms.bootstrap import System, open_system
from cms.config import SECRETS


@contextmanager
def system_with_secrets() -> Iterator[System]:
    """The system, its secrets taken from the environment and, where that has none, from Secret blocks."""
    blocks = {variable: _from_block(variable) for variable in SECRETS.values() if variable not in os.environ}
    found = {variable: secret for variable, secret in blocks.items() if secret is not None}
    with open_system(environment={**os.environ, **found}) as system:
        yield system


def block_name(variable: str) -> str:
    """The block that holds the secret of an environment variable.

    Examples
    --------
    >>> block_name("CMS_MONDAY_TOKEN")
    'cms-monday-token'
    """
    return variable.lower().replace("_", "-")


@cache
def _from_block(variable: str) -> str | None:
    try:
        return str(Secret.load(block_name(variable)).get())  # type: ignore[union-attr]
    except ValueError:
        return None  # there is no such block: the secret is not set
