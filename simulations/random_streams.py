"""Chance for a replication: one generator for each source of it, so that policies are compared under the same luck."""

import hashlib
from dataclasses import dataclass

import numpy as np

from cms.domain.errors import InvalidValueError


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomStreams:
    """The random numbers of one replication, by the name of what they decide.

    Two scenarios with the same seed draw the same numbers for the same source in the same replication, whatever else
    they draw: common random numbers need nothing more.

    Parameters
    ----------
    seed : int
        Of the study, 0 or more.
    replication : int
        0 for the first.

    Examples
    --------
    >>> first, second = RandomStreams(seed=1, replication=0), RandomStreams(seed=1, replication=0)
    >>> _ = first.generator("breakdowns of PRESS").random(10)
    >>> bool(first.generator("orders").random() == second.generator("orders").random())
    True
    """

    seed: int
    replication: int

    def __post_init__(self) -> None:
        for name in ("seed", "replication"):
            if getattr(self, name) < 0:
                raise InvalidValueError(name, "must be 0 or more", getattr(self, name))

    def generator(self, source: str) -> np.random.Generator:
        """A generator of its own for what `source` names, at its beginning."""
        digest = hashlib.sha256(source.encode()).digest()
        words = [int.from_bytes(digest[start : start + 4], "little") for start in range(0, 16, 4)]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, self.replication, *words])))
