"""The file itself: its text, read with bounds, and what TOML makes of it."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from callbridge.config import lines
from callbridge.errors import ConfigError

MAX_BYTES: Final = 1024 * 1024

Raw = dict[str, Any]
"""A table as tomllib gives it, before anything is checked."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is valid TOML."""

    path: Path
    table: Raw
    lines: Mapping[lines.KeyPath, int]


def read(path: Path) -> Source:
    """Raise ConfigError when the file is not there, cannot be read, or is no TOML."""
    text = _text(path)
    try:
        return Source(path, tomllib.loads(text), lines.find(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((_syntax(path, text, str(error)),)) from None
    except RecursionError:
        raise ConfigError((f"{path}:1: is nested too deeply; is it the right file?",)) from None


def tables(raw: Raw, *keys: str) -> Iterator[tuple[lines.KeyPath, Raw]]:
    """Yield (path, table) of every `pbx`, or of the `ami` in every `pbx`; what is no table is passed over."""
    key, *inner_keys = keys
    found = raw.get(key)
    places = (
        [((key, place), each) for place, each in enumerate(found)] if isinstance(found, list) else [((key,), found)]
    )
    for path, table in places:
        if isinstance(table, dict) and inner_keys:
            yield from (((*path, *inner), each) for inner, each in tables(table, *inner_keys))
        elif isinstance(table, dict):
            yield path, table


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        advice = "write one from config/callbridge.example.toml, or name yours with --config"
        raise ConfigError((f"{path}: there is no such file; {advice}",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read: {error.strerror}; let callbridge's user read it",)) from None
    if len(data) > MAX_BYTES:
        raise ConfigError((f"{path}: is longer than {MAX_BYTES} bytes; is it the right file?",))
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError((f"{path}:{line}: is not UTF-8 text; save it as UTF-8",)) from None


def _syntax(path: Path, text: str, said: str) -> str:
    """Turn `Invalid value (at line 3, column 5)` into a finished line; Python 3.11 tells the place in the text only."""
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", said)
    line, column = (place and place[1]) or text.count("\n") + 1, (place and place[2]) or 1
    what = said[: place.start()] if place else said
    twice = what.startswith("Cannot")  # "Cannot overwrite a value", "Cannot declare ('pbx',) twice"
    advice = "it stands here for the second time; keep one" if twice else 'text stands in "", lists in []'
    return f"{path}:{line}: is no valid TOML at column {column}: {what}; {advice}"
