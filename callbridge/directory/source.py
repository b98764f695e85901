"""What the directory asks: sources on a ladder, each asked where those above it know nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from callbridge.calls.customer import Known


@dataclass(frozen=True, slots=True)
class Question:
    """Whose number is it? `number` as it was heard, `key` as it is found (`numbers.key_of`)."""

    pbx: str
    number: str
    key: str


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source does, since the start. `last_error` holds no number and no secret."""

    name: str
    asked: int = 0
    """Questions that left for it; what a cache answered is not among them."""
    failed: int = 0
    resting: bool = False
    """It failed so often that it is left alone for now."""
    last_error: str | None = None


class Rung(Protocol):
    """One step of the ladder."""

    @property
    def name(self) -> str:
        """The source's, as it is configured; one source may have several rungs."""

    async def at_once(self, questions: Sequence[Question]) -> Mapping[Question, Known]:
        """Return what can be said without leaving the house: NOBODY where that is sure, nothing where it is not.

        Raises CallbridgeError.
        """

    async def ask(self, question: Question) -> Known:
        """Return who it is, NOBODY where it is nobody this source knows. Raises CallbridgeError."""
