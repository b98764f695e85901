"""Recordings as they were told, and as they lie on disk."""

import wave
from typing import Any, Final

from tests.lab.asterisk import Asterisk
from tests.lab.crm import Crm

RATES: Final = {".alaw": 8000, ".sln": 16000}


def on_disk(pbx: Asterisk, file: str) -> tuple[float, int]:
    """Seconds and bytes of a file, as another reads it."""
    path = pbx.home / "spool/monitor" / file
    size = path.stat().st_size
    if path.suffix in RATES:
        return size / RATES[path.suffix], size
    with wave.open(str(path)) as sound:
        return sound.getnframes() / sound.getframerate(), size


def recordings_told(crm: Crm) -> list[Any]:
    told = [one for one in crm.taken if one.type.startswith("recording.")]
    return sorted(told, key=lambda one: one.data["sequence"])


def sequences_have_no_holes(crm: Crm) -> None:
    numbers = [one.data["sequence"] for one in crm.taken if "sequence" in one.data]
    assert numbers == list(range(1, len(numbers) + 1))
