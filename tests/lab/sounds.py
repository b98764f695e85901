"""The lab's own sounds."""

import math
import struct
import wave
from pathlib import Path


def write_tone(path: Path, seconds: float, rate_hz: int = 8000) -> None:
    """A plain 440 Hz, 16 bits, one channel: what any Asterisk plays without transcoding trouble."""
    samples = (int(8000 * math.sin(2 * math.pi * 440 * n / rate_hz)) for n in range(int(seconds * rate_hz)))
    with wave.open(str(path), "wb") as tone:
        tone.setparams((1, 2, rate_hz, 0, "NONE", ""))
        tone.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
