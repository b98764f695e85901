"""Which order a failure is about, where only the device is named."""

import pytest

from callbridge.calls import clicks
from callbridge.calls.facts import CallPlaced
from tests.stories.story import BEGIN, Story


@pytest.mark.parametrize(
    ("device", "ours"),
    [
        ("PJSIP/1001", True),
        ("PJSIP/1001/sip:1001@127.0.0.1", True),
        ("PJSIP/10010", False),
        ("PJSIP/1002", False),
        ("Local/1001@from-phones/n", False),
    ],
)
def test_a_failure_names_the_device_with_its_options(device: str, *, ours: bool) -> None:
    story = Story()
    story.someone("1001").is_called_first().rings()
    (work,) = story.tracker.board.open.values()

    assert clicks.failed_to(work, CallPlaced("main", BEGIN, device, None, "912345678")) is ours


def test_a_failure_of_another_pbx_is_not_ours() -> None:
    story = Story()
    story.someone("1001").is_called_first().rings()
    (work,) = story.tracker.board.open.values()

    assert not clicks.failed_to(work, CallPlaced("porto", BEGIN, "PJSIP/1001", None, "912345678"))
