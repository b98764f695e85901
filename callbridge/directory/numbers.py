"""How numbers meet, whatever way they are written: those that people wrote down, and those that call.

Both become the same key: E.164 where a public number can be read, the text itself elsewhere. Where
a number cannot be read as it stands, it is tried without the `(0)` of `+44 (0)20 …`, and with what follows
letters or a last `/`, `-`, `,` or `;` taken for an extension; then without a 0 too many; then with the + it may lack.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import phonenumbers

CACHED: Final = 100_000
"""Numbers remembered: reading one takes some 30 µs, and the same people call again and again."""
LONGEST: Final = 80
"""Letters; what is longer is no number, and not worth remembering."""
LEAST_WITHOUT_PLUS: Final = 11
"""Digits that a whole international number has at least, where carriers leave the + out."""

_TRUNK_ZERO: Final = re.compile(r"\(\s*0\s*\)")
_WRITTEN_ABROAD: Final = re.compile(r"[^\w+]*(?:\+|0[^\w+]*0(?=\W*[1-9]))")
"""Begins with + or 00, maybe in brackets."""
_LEADING_ZERO: Final = re.compile(r"[^\w+]*0(?=[^\w+]*[1-9])")
_BEFORE_LETTERS: Final = re.compile(r"([^\w+]*\+?[\W\d]*\d)[\W_]*[^\W\d_]")
_BEFORE_EXTENSION: Final = re.compile(r"(.*\d)\s*[-/,;\u2010-\u2015]\s*\d{1,5}\s*")
_BRAZILIAN_MOBILE: Final = re.compile(r"\+55([1-9]{2})([689]\d{7}|7[1-6]\d{6})")
"""A mobile without its ninth digit.

Anatel's resolution 553/2010 put a 9 before all numbers of the mobile service (SMP), area by area from
2012-07-29 (11) to 2016-11-06 (41 to 55). Those were numbers of eight digits that began with 6 to 9. Fixed lines
(2 to 5) and trunked radio (SME, Nextel's: 70, 77, 78, 79) kept eight digits.
"""


def key_of(written: str, country: str) -> str:
    """Return what a number is found by; `country` (ISO 3166) is of numbers written without one.

    Two ways to write one public number give one key, a Brazilian mobile with and without its ninth digit too.
    Short and private numbers, and all other text, are their own key, with spaces normalised.
    """
    return _key(written, country) if len(written) <= LONGEST else _as_text(written)


@lru_cache(maxsize=CACHED)
def _key(written: str, country: str) -> str:
    text = " ".join(written.split())
    bodies = tuple(dict.fromkeys(_bodies(text)))
    readings = (read(body, country) for read in (_read, _without_zero, _without_plus) for body in bodies)
    return next(filter(None, readings), None) or _as_text(text)


def _bodies(text: str) -> Iterator[str]:
    """Yield what may be the number in a text, the best first; extensions are cut off where that leaves a number."""
    lettered = _BEFORE_LETTERS.match(text)
    for whole in (lettered[1], text) if lettered else (text,):
        abroad = _WRITTEN_ABROAD.match(whole)
        for body in (_TRUNK_ZERO.sub("", whole), whole) if abroad else (whole,):
            yield body
            if extended := _BEFORE_EXTENSION.fullmatch(body):
                yield extended[1]


def _read(body: str, country: str) -> str | None:
    """Return a body in E.164; None where it is no public number."""
    abroad = _WRITTEN_ABROAD.match(body)
    if abroad and "+" not in abroad[0]:
        # Before the number plan's own reading: in Brazil, 0055 is 00 with a carrier's code, and leads to Peru.
        return _public(f"+{body[abroad.end() :]}", country) or _public(body, country)
    return _public(body, country)


def _public(body: str, country: str) -> str | None:
    try:
        parsed = phonenumbers.parse(body, country)
    except phonenumbers.NumberParseException:
        return None
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if mobile := _BRAZILIAN_MOBILE.fullmatch(number):
        return f"+55{mobile[1]}9{mobile[2]}"
    return number if phonenumbers.is_valid_number(parsed) else None


def _without_zero(body: str, country: str) -> str | None:
    """Return a national number that has a 0 too many: a gateway's, an outside line's, Poland's of before 2010."""
    zero = _LEADING_ZERO.match(body)
    return _public(body[zero.end() :], country) if zero else None


def _without_plus(body: str, _country: str) -> str | None:
    """Return a number that has its country's code and nothing before it, as many carriers send it."""
    digits = re.sub(r"\D", "", body)
    return _public(f"+{digits}", "ZZ") if "+" not in body and len(digits) >= LEAST_WITHOUT_PLUS else None


def _as_text(text: str) -> str:
    """Return text as its own key: spaces count once between words, and not at all between digits."""
    words = " ".join(text.split())
    return words.replace(" ", "") if re.fullmatch(r"[0-9*#+ ]+", words) else words
