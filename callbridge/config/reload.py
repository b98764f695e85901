"""What a reload can apply at once, and what waits for a restart."""

from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import BaseModel

from callbridge.config.models import Config

LIVE: Final = ("log.level", "webhook.")
"""The keys a running daemon takes over; every other one is read at its start."""


def changes(old: Config, new: Config) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the changed keys as (applied at once, need a restart): `("webhook.crm.url",)`, `("pbx.main.ami.port",)`.

    Tables of an array are known by their id or name, so that a moved table is no
    change; one that came or went is named without a key: `webhook.crm`.
    """
    before, after = dict(_flat(old)), dict(_flat(new))
    changed = _outermost(
        key for key in before | after if (key in before, before.get(key)) != (key in after, after.get(key))
    )
    live = tuple(key for key in changed if key.startswith(LIVE))
    return live, tuple(key for key in changed if key not in live)


def _flat(table: BaseModel, within: str = "") -> Iterator[tuple[str, object]]:
    """Yield every key with its value; every table of an array, and every optional table, as a key of its own."""
    for name in type(table).model_fields:
        value = getattr(table, name)
        key = f"{within}{name}"
        inner = value if isinstance(value, tuple) else (value,)
        tables = [each for each in inner if isinstance(each, BaseModel)]
        if not tables:
            yield key, value
        for each in tables:
            path = f"{key}.{_name(each)}" if isinstance(value, tuple) else key
            yield path, None
            yield from _flat(each, f"{path}.")


def _name(table: BaseModel) -> object:
    return getattr(table, "id", None) or getattr(table, "name", None)


def _outermost(keys: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for key in keys:
        if not any(key.startswith(f"{outer}.") for outer in found):
            found.append(key)
    return tuple(found)
