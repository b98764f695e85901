"""What `callbridge run` does before anything runs."""

import gc
from collections.abc import Iterator

import pytest

from callbridge.cli.run import spare_the_collector


@pytest.fixture
def collector() -> Iterator[None]:
    """As it was, afterwards."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_what_is_loaded_is_not_looked_through_again() -> None:
    loaded = len(gc.get_objects())
    spare_the_collector()
    assert gc.get_freeze_count() > loaded // 2
    assert len(gc.get_objects()) < loaded // 10


@pytest.mark.patient
@pytest.mark.usefixtures("collector")
def test_garbage_in_cycles_is_still_found() -> None:
    spare_the_collector()
    found = gc.get_stats()[0]["collected"]
    for _ in range(100_000):
        ring: list[object] = []
        ring.append(ring)
    assert gc.get_stats()[0]["collected"] - found > 50_000
