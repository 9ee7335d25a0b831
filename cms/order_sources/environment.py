"""Puts variables of the environment into addresses, and keeps their values out of messages."""

import re
from collections.abc import Mapping

from cms.domain.errors import ConfigurationError

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def expanded(text: str, environment: Mapping[str, str], place: str) -> str:
    """A text with every ``${NAME}`` replaced.

    Raises
    ------
    ConfigurationError
        `place` and the variables that the environment lacks.
    """
    lacking = sorted({name for name in _VARIABLE.findall(text) if name not in environment})
    if lacking:
        raise ConfigurationError(tuple(f"{place}: set {name} in the environment" for name in lacking))
    return _VARIABLE.sub(lambda found: environment[found[1]], text)


def secrets_in(text: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values that `expanded` puts in, the longest first."""
    values = {environment.get(name, "") for name in _VARIABLE.findall(text)}
    return tuple(sorted((value for value in values if value), key=lambda value: (-len(value), value)))


def masked_text(text: str, secrets: tuple[str, ...]) -> str:
    """A message without the secrets."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
