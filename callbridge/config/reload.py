"""What a reload can apply at once, and what waits for a restart."""

from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import BaseModel

from callbridge.config.models import Config
from callbridge.config.shape import table_in

LIMITS_OF_HTTP: Final = ("requests_per_s", "requests_burst", "failures_per_minute", "max_streams")
OF_DIRECTORY: Final = ("sources", "customer_url", "cache_s", "cache_unknown_s", "cache_size", "lookup")
LIVE: Final = (
    *("log.level", "webhook.", "limits.", "missed.", "delivery.", "notice."),
    *(f"http.{name}" for name in LIMITS_OF_HTTP),
    *(f"directory.{name}" for name in OF_DIRECTORY),
)
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
    """Yield every key with its value; every table that is there as a key of its own, before its keys."""
    for name, field in type(table).model_fields.items():
        key, value = f"{within}{name}", getattr(table, name)
        if table_in(field) is None:
            yield key, value
        for path, inner in _inner(key, value):
            yield path, None
            yield from _flat(inner, f"{path}.")


def _inner(key: str, value: object) -> Iterator[tuple[str, BaseModel]]:
    if isinstance(value, BaseModel):
        yield key, value
    elif isinstance(value, tuple):
        yield from ((f"{key}.{_name(each)}", each) for each in value if isinstance(each, BaseModel))


def _name(table: BaseModel) -> object:
    return next((found for key in ("id", "address", "name") if (found := getattr(table, key, None))), None)


def _outermost(keys: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    for key in keys:
        if not any(key.startswith(f"{outer}.") for outer in found):
            found.append(key)
    return tuple(found)
