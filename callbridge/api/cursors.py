"""Cursors: where the page before ended, in a form that nobody needs to read. And pages, which end with one."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import orjson
from pydantic import Field

from callbridge.api.problems import Refused, invalid
from callbridge.api.resources import Output

T = TypeVar("T")


class Page(Output, Generic[T]):
    """Some items of many."""

    items: tuple[T, ...]
    next: str | None = Field(description="The `cursor` of the next page; null where this is the last.")


def cursor(*values: str | int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def values_of(written: str, *kinds: type) -> tuple[Any, ...]:
    """Return what `cursor` was given; `kinds` are their types. Raises Refused for what is no such cursor."""
    try:
        found = orjson.loads(base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise _no_cursor() from None
    if not isinstance(found, list) or [type(value) for value in found] != list(kinds):
        raise _no_cursor()
    return tuple(found)


def page(items: Sequence[Any], after: str | None) -> dict[str, Any]:
    """Return a page as plain data; `after` is the cursor behind its last item, None where nothing follows."""
    return {"items": items, "next": after}


def _no_cursor() -> Refused:
    return invalid("cursor", "is none of ours; take `next` of the page before, as it is")
