"""What the directory and people say: about whom a call is with, and about missed calls."""

from dataclasses import dataclass
from datetime import datetime

from callbridge.calls.call import Call
from callbridge.calls.customer import Customer, Known
from callbridge.calls.facts.fact import Fact
from callbridge.calls.missed import AttemptKind, MissedRow, MissedRules


@dataclass(frozen=True, slots=True)
class DirectoryAnswered(Fact):
    """The directory was asked for a number, and this is what it knows; `number` is as `identifying.asked_for` has it.

    It may come before the call it is about, which then begins with it. `failed` means that a source could not
    answer, so that nobody knows whether the number is unknown.
    """

    number: str
    known: Known
    failed: bool = False


@dataclass(frozen=True, slots=True)
class CustomerChosen(Fact):
    """A person said whom a call is with; None: with nobody that is known.

    `told` is the call as it was told last, where it may be over: then it is changed as it stands there.
    """

    call_id: str
    customer: Customer | None
    by: str
    told: Call | None = None


@dataclass(frozen=True, slots=True)
class MissedHidden(Fact):
    """A person took a row off the list."""

    row: str
    by: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class MissedRestored(Fact):
    """A person put a row back; `row` is as it was closed."""

    row: MissedRow
    by: str


@dataclass(frozen=True, slots=True)
class MissedAttempted(Fact):
    """A person wrote down what they tried: a message, a note. `row` is as it is in the database, open or not."""

    row: MissedRow
    kind: AttemptKind
    by: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class MissedExpired(Fact):
    """Rows whose last call is older than `before` leave the list."""

    before: datetime


@dataclass(frozen=True, slots=True)
class MissedRulesSet(Fact):
    """The configuration says what counts as missed from now on."""

    rules: MissedRules
