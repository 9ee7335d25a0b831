"""What is compiled after an installation is what a large plan needs."""

import pytest

from cms.scheduling import moves, schur
from cms.scheduling.precompile import precompile

_LOOPS = (moves.search, schur.system_of, schur.factorise, schur.solved)


@pytest.mark.untraced  # a compiler at work
def test_the_search_is_compiled_once_for_every_problem() -> None:
    precompile()
    known = [list(loop.signatures) for loop in _LOOPS]

    precompile()

    assert all(known)
    assert [list(loop.signatures) for loop in _LOOPS] == known
