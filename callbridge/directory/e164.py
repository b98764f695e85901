"""Public numbers in E.164, by the number plan of the PBX's country."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import phonenumbers

CACHED: Final = 20_000
"""Numbers remembered for each PBX: a parse costs 67 µs, and the same people call again and again."""


def number_plan(country: str) -> Callable[[str], str | None]:
    """Return the function that turns a number as written in `country` (ISO 3166, two letters) into E.164.

    It returns None for what is no valid public number: short codes, service
    numbers, text. The answers are cached.
    """

    @lru_cache(maxsize=CACHED)
    def to_e164(raw: str) -> str | None:
        try:
            parsed = phonenumbers.parse(raw, country)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_valid_number(parsed):
            return None
        return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

    return to_e164
