"""How long a file is, and that nothing outside of the folder is ever opened."""

import os
import wave
from pathlib import Path
from struct import pack

import pytest

from callbridge.asterisk.recording_file import length_of, look
from callbridge.errors import RecordingUnreadable


def wav(path: Path, seconds: float, *, rate: int = 8000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(b"\0\0" * round(seconds * rate))
    return path


def why(folder: Path, file: str) -> str:
    with pytest.raises(RecordingUnreadable) as refused:
        look(folder, file)
    return refused.value.why


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_a_wav_file_is_as_long_as_its_sound(tmp_path: Path, rate: int) -> None:
    size = wav(tmp_path / "x.wav", 2.5, rate=rate).stat().st_size

    found = look(tmp_path, "x.wav")
    assert (found.length_s, found.size) == (2.5, size)


def test_a_file_of_a_pbx_that_was_killed_is_as_long_as_what_is_there(tmp_path: Path) -> None:
    """Asterisk writes the sizes when it closes the file: they are 0 until then."""
    file = wav(tmp_path / "x.wav", 2)
    content = bytearray(file.read_bytes())
    content[4:8] = content[40:44] = bytes(4)
    file.write_bytes(content)

    assert look(tmp_path, "x.wav").length_s == 2


def test_a_file_that_is_cut_is_as_long_as_what_is_there(tmp_path: Path) -> None:
    file = wav(tmp_path / "x.wav", 2)
    os.truncate(file, 44 + 16000)

    assert look(tmp_path, "x.wav").length_s == 1


def gsm_wav(seconds: float) -> bytes:
    """WAV49: GSM 6.10, 65 bytes for 320 samples."""
    sound = bytes(round(seconds * 1625))
    form = pack("<HHIIHHHH", 49, 1, 8000, 1625, 65, 0, 2, 320)
    fact = b"fact" + pack("<II", 4, round(seconds * 8000))
    chunks = b"WAVE" + b"fmt " + pack("<I", len(form)) + form + fact + b"data" + pack("<I", len(sound)) + sound
    return b"RIFF" + pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize("asked", ["x.wav49", "x.WAV"])
def test_wav49_is_written_under_another_name(tmp_path: Path, asked: str) -> None:
    (tmp_path / "x.WAV").write_bytes(gsm_wav(4))

    assert look(tmp_path, asked).length_s == 4


@pytest.mark.parametrize(
    ("suffix", "a_second"),
    [("gsm", 1650), ("ulaw", 8000), ("alaw", 8000), ("sln", 16000), ("sln16", 32000), ("g722", 8000), ("SLN", 16000)],
)
def test_a_file_without_a_header_is_as_long_as_its_ending_says(tmp_path: Path, suffix: str, a_second: int) -> None:
    (tmp_path / f"x.{suffix}").write_bytes(bytes(3 * a_second))

    assert look(tmp_path, f"x.{suffix}").length_s == 3


def test_a_form_nobody_knows_has_a_size_and_no_length(tmp_path: Path) -> None:
    (tmp_path / "x.ogg").write_bytes(bytes(1000))

    found = look(tmp_path, "x.ogg")
    assert (found.length_s, found.size) == (None, 1000)


@pytest.mark.parametrize(
    "head",
    [
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVEfmt \xff\xff\xff\xff",
        b"RIFF\0\0\0\0WAVEdata\0\0\0\0",
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16) + b"data\x10\0\0\0",
        b"RIFF\0\0\0\0WAVEfmt \0\0\0\0" * 300,
    ],
)
def test_a_broken_header_tells_no_length_and_takes_no_time(head: bytes) -> None:
    assert length_of(head, len(head), ".wav") is None


def test_an_empty_file_has_no_length_yet(tmp_path: Path) -> None:
    (tmp_path / "x.wav").touch()

    assert look(tmp_path, "x.wav").length_s is None


def test_a_folder_below_is_gone_into(tmp_path: Path) -> None:
    wav(tmp_path / "2026/11/x.wav", 1)

    assert look(tmp_path, "2026/11/x.wav").length_s == 1


def test_a_folder_that_is_a_link_itself_is_the_admins_wish(tmp_path: Path) -> None:
    wav(tmp_path / "real/x.wav", 1)
    (tmp_path / "monitor").symlink_to(tmp_path / "real")

    assert look(tmp_path / "monitor", "x.wav").length_s == 1


@pytest.mark.parametrize("file", ["../out.wav", "a/../../out.wav", "/etc/hostname", "a/../x.wav", "", "x\0.wav"])
def test_nothing_outside_of_the_folder_is_opened(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "monitor"
    wav(folder / "x.wav", 1)
    wav(folder / "a/x.wav", 1)
    wav(tmp_path / "out.wav", 1)

    assert why(folder, file) in {"unreadable", "missing"}


def test_no_link_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "monitor"
    folder.mkdir()
    wav(tmp_path / "out/x.wav", 1)
    (folder / "link.wav").symlink_to(tmp_path / "out/x.wav")
    (folder / "below").symlink_to(tmp_path / "out")

    assert why(folder, "link.wav") == "unreadable"
    assert why(folder, "below/x.wav") in {"unreadable", "missing"}


def test_what_is_no_plain_file_is_none_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "folder.wav").mkdir()

    assert why(tmp_path, "pipe.wav") == "unreadable"
    assert why(tmp_path, "folder.wav") == "unreadable"


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert why(tmp_path, "x.wav") == "missing"
    assert why(tmp_path, "file/x.wav") == "missing"
    assert why(tmp_path / "nowhere", "x.wav") == "no_folder"


def test_nothing_is_left_open(tmp_path: Path) -> None:
    wav(tmp_path / "a/b/x.wav", 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for file in ("a/b/x.wav", "a/b/y.wav", "a/x/y.wav", "../x.wav"):
        try:
            look(tmp_path, file)
        except RecordingUnreadable:
            continue

    assert len(list(Path("/proc/self/fd").iterdir())) == before
