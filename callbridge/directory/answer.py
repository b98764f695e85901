"""What a CRM answers, read with suspicion: it ends on agents' screens, in webhooks and in logs.

::

    {"customers": [{"id": "c-17", "name": "Silva Lda", "type": "customer", "tax_id": "501964843", "owner": "Ana Costa",
                    "url": "https://crm.example/c/17", "matched": "branch", "at": "Porto"}]}

Only `id` is needed; what else stands there is passed over. One thing wrong spoils the whole answer,
and is told with its place, never with its value.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson

from callbridge.calls.customer import Customer, Matched
from callbridge.errors import AnswerUnusable, SourceRefused
from callbridge.hooks import http_url

MOST_BYTES: Final = 64 * 1024
MOST_CUSTOMERS: Final = 100
LONGEST: Final[Mapping[str, int]] = {
    "id": 200,
    "name": 200,
    "type": 100,
    "tax_id": 100,
    "owner": 200,
    "url": 2000,
    "at": 200,
}
"""Letters of each text."""
PLACES: Final = (Matched.PHONE, Matched.MOBILE, Matched.BRANCH, Matched.CONTACT)
"""What `matched` may say."""
NOBODY_THERE: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.NO_CONTENT)

_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters, ends of lines, and those that turn the direction of what follows."""
_LOOK: Final = "What a look-up answers: docs/directory.md."
_ADVICE: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Is the secret the one it wants, and secret_header the header it wants it in?",
    HTTPStatus.FORBIDDEN: "Is the secret the one it wants, and may its owner read customers?",
    HTTPStatus.METHOD_NOT_ALLOWED: "It is asked by GET: is the path right?",
    HTTPStatus.TOO_MANY_REQUESTS: "It is asked too often for its taste: lower concurrency, or raise cache_s.",
}


def customers(source: str, status: int, body: bytes) -> tuple[Customer, ...]:
    """Return whom a CRM named. Raises SourceRefused and AnswerUnusable."""
    if status in NOBODY_THERE:
        return ()
    if status // 100 != HTTPStatus.OK // 100:
        raise SourceRefused(f"{source} answers {status}. {_advice(status)}", status)
    return _parsed(source, body) if body.strip() else ()


def _advice(status: int) -> str:
    if status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100:
        return "Redirects are not followed, for the secret would go along: give the final URL."
    server = "It broke on the question, or what is before it cannot reach it: its log says which."
    return _ADVICE.get(status) or (server if status >= HTTPStatus.INTERNAL_SERVER_ERROR else _LOOK)


def _parsed(source: str, body: bytes) -> tuple[Customer, ...]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AnswerUnusable(f"{source} answers no JSON. {_LOOK}") from None
    named = answer.get("customers") if isinstance(answer, dict) else None
    if not isinstance(named, list):
        raise AnswerUnusable(f'{source} answers without a list "customers". {_LOOK}')
    if len(named) > MOST_CUSTOMERS:
        raise AnswerUnusable(
            f"{source} names {len(named)} customers for one number. Does it look for the whole number?"
        )
    try:
        return tuple(_customer(source, f"customers[{place}]", each) for place, each in enumerate(named))
    except ValueError as wrong:
        raise AnswerUnusable(f"{source}: {wrong}. {_LOOK}") from None


def _customer(source: str, where: str, said: Any) -> Customer:
    if not isinstance(said, dict):
        raise ValueError(f"{where} is no object")  # noqa: TRY004 - data that came, not an argument
    texts = {name: _text(f"{where}.{name}", said.get(name), longest) for name, longest in LONGEST.items()}
    customer_id = texts.pop("id")
    if customer_id is None:
        raise ValueError(f"{where}.id is missing")
    if texts["url"] is not None:
        _check_url(f"{where}.url", texts["url"])
    return Customer(customer_id, **texts, matched=_matched(f"{where}.matched", said.get("matched")), source=source)


def _text(where: str, value: Any, longest: int) -> str | None:
    """Return a text; None where there is none. An id may be a number, as databases count."""
    if isinstance(value, int) and not isinstance(value, bool) and where.endswith(".id"):
        value = str(value)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"{where} is no text")  # noqa: TRY004 - data that came, not an argument
    if len(value) > longest:
        raise ValueError(f"{where} is longer than {longest} letters")
    if _UNSEEN.search(value):
        raise ValueError(f"{where} holds a control character")
    return value


def _check_url(where: str, url: str) -> None:
    try:
        http_url(url)
    except ValueError as wrong:
        raise ValueError(f"{where} {str(wrong).partition(';')[0].partition(', not')[0]}") from None


def _matched(where: str, value: Any) -> Matched | None:
    if value is None:
        return None
    if value not in PLACES:
        raise ValueError(f"{where} must be one of {', '.join(PLACES)}")
    return Matched(value)
