"""What is compiled after an installation is what a large plan needs."""

import pytest

from cms.scheduling import moves
from cms.scheduling.precompile import precompile


@pytest.mark.untraced  # a compiler at work
def test_the_search_is_compiled_once_for_every_problem() -> None:
    precompile()
    known = list(moves.search.signatures)

    precompile()

    assert known
    assert list(moves.search.signatures) == known
