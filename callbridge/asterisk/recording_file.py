"""A recording's file on disk: how big it is, and how long what is in it.

Names of files may hold what a caller sent (`MixMonitor(${CALLERID(num)}.wav)`), so a file is opened step by
step below the folder and no symbolic link is followed; what is no plain file is none.
All of it may block: run it in a thread.
"""

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callbridge.calls.recording_files import NO_FOLDER
from callbridge.errors import RecordingUnreadable

HEADER: Final = 4096
"""Bytes in which a WAV file's chunks before the sound are looked for: Asterisk's header has 44, or 60."""
CHUNK: Final = 8
FMT: Final = 16
RIFF: Final = 12

BYTES_PER_S: Final[Mapping[str, int]] = {
    "gsm": 1650,
    "ulaw": 8000,
    "ul": 8000,
    "mu": 8000,
    "ulw": 8000,
    "pcm": 8000,
    "alaw": 8000,
    "al": 8000,
    "alw": 8000,
    "g722": 8000,
    "sln": 16000,
    "raw": 16000,
    "sln12": 24000,
    "sln16": 32000,
    "sln24": 48000,
    "sln32": 64000,
    "sln44": 88200,
    "sln48": 96000,
    "sln96": 192_000,
    "sln192": 384_000,
}
"""What stands for a second in the files without a header, by the ending Asterisk gives them."""

OTHER_NAMES: Final = {".wav49": ".WAV"}
"""MixMonitor says the one, and writes the other (Asterisk 1.2 to 22, `build_filename` of main/file.c)."""


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it is now; two looks that are the same mean that nobody writes to it."""

    size: int
    changed_ns: int
    length_s: float | None
    """None where its form is not known."""
    closed: bool | None = None
    """Whether it was written to its end; None where that does not show: only a WAV file has its length in it."""


def look(folder: Path, file: str) -> Look:
    """Return what is in `file` below `folder` now. Raises errors.RecordingUnreadable."""
    if not folder.is_dir():
        raise RecordingUnreadable(f"{folder} is no folder", NO_FOLDER)
    for name in names_of(file):
        try:
            with opened(folder, name) as descriptor:
                return looked_at(descriptor, Path(name).suffix)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            raise RecordingUnreadable(f"{name} below {folder}: {error}", "unreadable") from error
    raise RecordingUnreadable(f"{file} is not below {folder}", "missing")


def names_of(file: str) -> Iterator[str]:
    """Yield the names a recording may have on disk."""
    yield file
    path = Path(file)
    if path.suffix in OTHER_NAMES:
        yield str(path.with_suffix(OTHER_NAMES[path.suffix]))


@contextmanager
def opened(folder: Path, file: str) -> Iterator[int]:
    """Open a plain file below a folder, step by step."""
    *folders, name = Path(file).parts
    if not name or Path(file).is_absolute() or ".." in (*folders, name):
        raise ValueError("not below the folder")
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=here)
    finally:
        os.close(here)
    try:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            raise ValueError("no plain file")
        yield found
    finally:
        os.close(found)


def looked_at(descriptor: int, suffix: str) -> Look:
    """Return what an open file holds."""
    now = os.fstat(descriptor)
    head = os.pread(descriptor, HEADER, 0)
    return Look(now.st_size, now.st_mtime_ns, length_of(head, now.st_size, suffix), closed(head))


def length_of(head: bytes, size: int, suffix: str) -> float | None:
    """Return the seconds in a file that begins with `head`; None where its form is not known."""
    if is_wav(head):
        return wav_length(head, size)
    rate = BYTES_PER_S.get(suffix.removeprefix(".").lower())
    return None if rate is None else size / rate


def closed(head: bytes) -> bool | None:
    """Tell whether a WAV file is written to its end: Asterisk gives it its length only then (22)."""
    return any(head[4:8]) if is_wav(head) else None


def is_wav(head: bytes) -> bool:
    """Tell whether a file begins as a WAV file does."""
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def may_be_over(before: Mapping[str, Look], now: Mapping[str, Look]) -> tuple[str, ...]:
    """Return which of some files may be over, looked at twice: the first that surely is, else those that lie still."""
    sure = tuple(name for name, one in now.items() if one.closed)
    still = tuple(name for name, one in now.items() if one.closed is None and one == before.get(name))
    return sure[:1] or still


def wav_length(head: bytes, size: int) -> float | None:
    """Return the seconds in a WAV file, by what is really there: a PBX that was killed never wrote the size down."""
    rate, at = 0, RIFF
    while at + CHUNK <= len(head):
        name, length = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if name == b"fmt " and length >= FMT:
            rate = int.from_bytes(head[at + 16 : at + 20], "little")
        if name == b"data":
            there = size - at - CHUNK
            return min(length or there, there) / rate if rate and there >= 0 else None
        at += CHUNK + length + length % 2
    return None
