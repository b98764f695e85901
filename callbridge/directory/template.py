"""URLs with places for what is asked: `https://crm.example/phones/{number}`, `https://crm.example/c/{id}`.

Every refusal is a ValueError that says what is wrong and what to do.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote, urlsplit

from callbridge.hooks import http_url, meant

ASKED: Final = ("number", "raw", "pbx")
"""The places of a look-up's URL."""
ID: Final = "id"
"""The place of a customer's URL."""

_PLACE: Final = re.compile(r"\{([^{}]*)\}")


def look_up_url(text: str) -> str:
    """Return `text` when a CRM can be asked there, with or without places for what is asked."""
    return _checked(text, ASKED)


def customer_url(text: str) -> str:
    """Return `text` when it leads to a customer."""
    if f"{{{ID}}}" not in _checked(text, (ID,)):
        raise ValueError(f"leads all customers to one page; write {{{ID}}} where the customer's id stands")
    return text


def _checked(text: str, places: Collection[str]) -> str:
    for place in _PLACE.findall(text):
        if place not in places:
            known = " and ".join(f"{{{each}}}" for each in places)
            raise ValueError(f"has {{{place}}}, which is nothing{meant(place, places) or f'; the places are {known}'}")
    parts = urlsplit(http_url(filled(text, dict.fromkeys(places, "0"))))
    if _PLACE.search(text.split("://", 1)[-1].split("/", 1)[0]):
        raise ValueError("has a place in the host; write places behind it, in the path or the query")
    if parts.fragment and places == ASKED:
        raise ValueError("has a part behind #, which is never sent; take it out")
    if not text.isascii() or "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
        raise ValueError("holds letters no URL has; write them percent-encoded")
    return text


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return a template with values in its places, percent-encoded: `+` is `%2B`."""
    return _PLACE.sub(lambda place: quote(values[place[1]], safe="") if place[1] in values else place[0], template)


def question(template: str, values: Mapping[str, str]) -> str:
    """Return where to ask: a template without places gets `?number=…&pbx=…` behind it."""
    if not _PLACE.search(template):
        template += ("&" if "?" in template else "?") + "number={number}&pbx={pbx}"
    return filled(template, values)
