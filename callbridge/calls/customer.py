"""Who somebody is to the company: what the directory says of a number, and what of it stands in a call."""

from dataclasses import dataclass
from enum import StrEnum


class Match(StrEnum):
    """How many customers a number led to; `PENDING` while the directory is still being asked."""

    ONE = "one"
    MANY = "many"
    NONE = "none"
    PENDING = "pending"


class Matched(StrEnum):
    """Where a customer has the number; the last three are not by what is written down for them."""

    PHONE = "phone"
    MOBILE = "mobile"
    BRANCH = "branch"
    CONTACT = "contact"
    LAST_DIGITS = "last_digits"
    """Only the end is the same: a candidate, never a link by itself."""
    REGISTERED = "registered"
    """The daemon made the customer of this very call."""
    CHOSEN = "chosen"
    """A person said so, now or earlier for this number."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as a call shows it. `id` is the CRM's own."""

    id: str
    name: str | None = None
    type: str | None = None
    tax_id: str | None = None
    owner: str | None = None
    url: str | None = None
    matched: Matched | None = None
    at: str | None = None
    """The branch or the contact whose number it is; None where it is the customer's own."""
    source: str | None = None
    """The name of the directory's source that knew."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of whom a call is with.

    `customer` is set where `match` is ONE; `candidates` has two or more where it is
    MANY, or one that only the last digits led to. `by` is who chose, where a person did.
    """

    match: Match = Match.NONE
    customer: Customer | None = None
    candidates: tuple[Customer, ...] = ()
    by: str | None = None


NOBODY = Known()
"""Nobody that anybody knows, or nobody was asked."""
ASKED = Known(Match.PENDING)
