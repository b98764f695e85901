"""What the directory asks: sources on a ladder, each asked where those above it know nobody."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from callbridge.calls.customer import Known

Slot = tuple[str, str]
"""A PBX and the key of a number: under it an answer is kept."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whose number is it? `number` as it was heard, `key` as it is found (`numbers.key_of`)."""

    pbx: str
    number: str
    key: str

    @property
    def slot(self) -> Slot:
        return self.pbx, self.key


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


class Source(Protocol):
    """What is behind one or more rungs: a database, a CRM. Open while it is a context."""

    def forget(self, which: Collection[Slot] | None) -> None:
        """Drop answers that are kept for these; all of them where it is None."""

    def health(self) -> SourceHealth:
        """Return how it does."""

    async def finish(self) -> None:
        """Ask nothing new, and wait for what is under way: each of it has its deadline."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Outside(Source, Rung, Protocol):
    """A source that is one rung: a CRM."""
