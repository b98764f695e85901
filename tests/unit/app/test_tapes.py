"""Playing a tape by the limits of a configuration."""

from pathlib import Path

import orjson
import pytest

from callbridge.app import replay
from callbridge.config import Limits, load_profiles

TAPES = Path(__file__).parents[2] / "tapes"
TAPE = TAPES / "01-answered-caller-hangs-up.tape"  # they talk for one second
PROFILES = load_profiles(TAPES / "pbx.toml")


def heard(tape: Path, limits: Limits) -> list[str]:
    return [orjson.loads(line)["type"].removeprefix("call.") for line in replay(tape, PROFILES, limits)]


@pytest.mark.parametrize(
    ("limits", "after"), [(Limits(inbound_s=0.5), ["too_long"]), (Limits(inbound_s=2), []), (Limits(), [])]
)
def test_a_tape_is_played_by_the_limits_it_is_given(limits: Limits, after: list[str]) -> None:
    assert heard(TAPE, limits) == ["started", "ringing", "answered", *after, "ended"]


def test_a_tape_that_ends_while_people_talk_tells_of_no_limit_that_might_have_been_passed_later(tmp_path: Path) -> None:
    lines = TAPE.read_bytes().splitlines(keepends=True)
    last = next(place for place, line in enumerate(lines) if b"Event: HangupRequest" in line)
    cut = tmp_path / "cut.tape"
    cut.write_bytes(b"".join(lines[:last]))

    assert heard(cut, Limits(inbound_s=60)) == ["started", "ringing", "answered"]
