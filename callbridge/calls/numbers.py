"""Which number is whose: extensions, trunks, the dialled public number.

The extension patterns are tried first, then the public number plan; the raw
value is always kept. The number plan itself comes from outside as `to_e164`,
for it is a library's business.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Final

from callbridge.calls.call import Direction, Party

WITHHELD: Final = frozenset({"", "anonymous", "<unknown>", "unknown", "unavailable", "private", "restricted", "s"})
"""What Asterisk and carriers write where there is no number; `s` is its extension for "none dialled"."""

LEARNT_EXTENSION: Final = re.compile(r"\d{2,6}")
"""What an extension looks like where no pattern is configured."""

TAIL_DIGITS: Final = 8
"""So many last digits say whom a number may belong to: a Brazilian mobile's without its ninth digit are eight."""

PATTERN_LETTERS: Final[Mapping[str, str]] = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]", ".": ".+"}


def pattern(text: str) -> re.Pattern[str]:
    """Return Asterisk's pattern letters (X Z N .) as a regular expression; a leading `_` is allowed."""
    return re.compile("".join(PATTERN_LETTERS.get(letter, re.escape(letter)) for letter in text.removeprefix("_")))


def tail_of(number: str) -> str | None:
    """Return the last digits of a number, by which it may be told from most others; None where it has too few."""
    digits = "".join(letter for letter in number if letter in "0123456789")
    return digits[-TAIL_DIGITS:] if len(digits) >= TAIL_DIGITS else None


def endpoint_of(channel_name: str) -> str:
    """Return `PJSIP/trunk` for `PJSIP/trunk-0000002a`: the device without the connection's number."""
    device, dash, _ = channel_name.rpartition("-")
    return device if dash else channel_name


def no_number_plan(_: str) -> str | None:
    """Stand in where no country is known: nothing is a public number."""
    return None


@dataclass(frozen=True)
class PbxProfile:
    """What we must know of a PBX to read its numbers.

    Empty `extensions` and `trunks` mean: learn them. `to_e164` takes a number as
    written in the PBX's country and returns E.164, or None for what is none.
    """

    id: str
    outside_prefix: str = ""
    extensions: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    timezone: tzinfo = UTC
    recordings_dir: str = ""
    """Below which folder it writes recordings, as it names it itself."""
    measures: bool = False
    """Whether somebody looks at the files of recordings that are over."""
    asks: bool = False
    """Whether a directory is asked whose number it is."""
    registers: frozenset[Direction] = frozenset()
    """The directions in which unknown callers are made customers."""
    register_type: str | None = None
    series: int = 0
    """The first digits of its protocol numbers, where other daemons give numbers too; 0 where none does."""
    to_e164: Callable[[str], str | None] = no_number_plan
    endpoints: dict[str, str | None] = field(default_factory=dict)
    """Learnt: `PJSIP/ana` → `1001`; None for a trunk."""

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(pattern(text) for text in self.extensions) or (LEARNT_EXTENSION,)

    def is_extension(self, number: str | None) -> bool:
        """Tell whether `number` is one of our own."""
        return bool(number) and any(each.fullmatch(number or "") for each in self._patterns)

    def extension_of(self, channel_name: str, number: str | None) -> str | None:
        """Return the extension behind a channel, or None for a trunk's.

        The order: the configured trunks, the device's own name, what was learnt,
        the number it shows where the device is surely no trunk.
        """
        endpoint = endpoint_of(channel_name)
        if any(fnmatchcase(endpoint, glob) or fnmatchcase(channel_name, glob) for glob in self.trunks):
            return None
        device = endpoint.partition("/")[2]
        if self.is_extension(device):
            return device
        if endpoint in self.endpoints:
            return self.endpoints[endpoint]
        if (self.trunks or self.extensions) and self.is_extension(number):
            return number
        return device if self.trunks and not self.extensions else None

    def outside(self, raw: str | None, name: str | None = None) -> Party:
        """Return the party behind a number that came from outside, or that is public."""
        if raw is None or raw.lower() in WITHHELD:
            return Party(None, raw, name)
        return Party(self.to_e164(raw), raw, name)

    def dialled(self, raw: str | None) -> Party:
        """Return the party somebody inside dialled: an extension, or a public number."""
        if self.is_extension(raw):
            return Party(None, raw, None, raw)
        if raw is None or raw.lower() in WITHHELD:
            return Party(None, raw)
        return Party(self.to_e164(raw.removeprefix(self.outside_prefix)) or self.to_e164(raw), raw)
