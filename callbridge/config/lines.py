"""Which line of a TOML text each key stands on: tomllib does not say.

A scanner, not a second parser: it is given text that tomllib has accepted, and
knows just enough of TOML (headers, arrays of tables, dotted and quoted keys,
inline tables, strings over several lines) not to lose its place.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

KeyPath = tuple[str | int, ...]
"""Where a value stands: `("pbx", 0, "ami", "port")`; a number is a place in an array."""

_TOKEN: Final = re.compile(
    r"""
      (?P<comment>\#[^\n]*)
    | (?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5} | '{3}.*?'{3,5} | "(?:\\.|[^"\\\n])*" | '[^'\n]*')
    | (?P<mark>[\[\]{},=.\n])
    | (?P<bare>[^\s\[\]{},=.\#"']+)
    """,
    re.VERBOSE | re.DOTALL,
)


def find(text: str) -> Mapping[KeyPath, int]:
    """Return the line, counted from 1, of every key, table header and array item of a valid TOML text."""
    return _Scanner(text).scan()


def nearest(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """Return the line of `path`, or of the innermost table around it that has one; 1 for the whole file."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 1)


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield each token that is no comment, with its line."""
    line, counted = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if match.lastgroup != "comment":
            yield match[0], line


class _Scanner:
    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), ("", 0)]
        self._at = 0
        self._lines: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}  # how many tables each array of tables has so far

    def scan(self) -> Mapping[KeyPath, int]:
        table: KeyPath = ()
        while self._next:
            if self._next == "[":
                table = self._header()
            elif self._next == "\n":
                self._at += 1
            else:
                self._pair(table)
        return self._lines

    @property
    def _next(self) -> str:
        return self._tokens[self._at][0]

    def _note(self, path: KeyPath) -> None:
        self._lines.setdefault(path, self._tokens[self._at][1])

    def _skip(self, *tokens: str) -> None:
        while self._next and self._next in tokens:
            self._at += 1

    def _header(self) -> KeyPath:
        """Read `[a.b]` or `[[a.b]]`; a part that names an array of tables means its last table."""
        start = self._at
        self._skip("[")
        is_array = self._at - start > 1
        path: KeyPath = ()
        for part in self._key():
            path = (*self._last_table(path), part)
        if is_array:
            self._tables[path] = self._tables.get(path, 0) + 1
            path = self._last_table(path)
        self._note(path)
        self._skip("]")
        return path

    def _last_table(self, path: KeyPath) -> KeyPath:
        return (*path, self._tables[path] - 1) if path in self._tables else path

    def _pair(self, table: KeyPath) -> None:
        """Read `a.b = value`; every part of a dotted key is a table that stands on this line."""
        at = self._at
        parts = self._key()
        paths = [(*table, *parts[:end]) for end in range(1, len(parts) + 1)]
        for path in paths:
            self._lines.setdefault(path, self._tokens[at][1])
        self._skip("=")
        self._value(paths[-1])

    def _key(self) -> list[str]:
        parts = []
        while self._next not in ("", "=", "]"):
            if self._next != ".":
                parts.append(_unquoted(self._next))
            self._at += 1
        return parts

    def _value(self, path: KeyPath) -> None:
        if self._next == "[":
            self._array(path)
        elif self._next == "{":
            self._inline_table(path)
        else:
            while self._next not in ("", ",", "]", "}", "\n"):
                self._at += 1

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        for place in range(len(self._tokens)):
            self._skip("\n", ",")
            if self._next in ("", "]"):
                break
            self._note((*path, place))
            self._value((*path, place))
        self._at += self._next == "]"

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        while self._next not in ("", "}"):
            self._pair(path)
            self._skip("\n", ",")
        self._at += self._next == "}"


def _unquoted(key: str) -> str:
    return str(tomllib.loads(f"key = {key}")["key"]) if key[0] in "\"'" else key
