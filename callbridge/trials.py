"""Sending a sample to a subscriber: what may come of it, and who does it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from callbridge.calls.events import EventType

NOT_TOLD: Final = frozenset({EventType.AGENT_STATUS, EventType.QUEUE_STATS})
"""Words that are fixed, of which there is no event yet and so no sample."""

SAMPLED: Final = tuple(kind for kind in EventType if kind not in NOT_TOLD)


class Result(StrEnum):
    """What came of a try, for programs: how far it got, or how it was answered."""

    TAKEN = "taken"  # 2xx
    NAME_UNKNOWN = "name_unknown"
    NAME_TIMEOUT = "name_timeout"
    FORBIDDEN = "forbidden"  # the egress guard: it was us who refused
    NOT_LISTENING = "not_listening"
    NOT_REACHED = "not_reached"
    CONNECT_TIMEOUT = "connect_timeout"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_EARLY = "certificate_early"
    CERTIFICATE_OTHER_NAME = "certificate_other_name"
    CERTIFICATE_SELF_SIGNED = "certificate_self_signed"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    TLS_FAILED = "tls_failed"
    NOT_HTTP = "not_http"
    CLOSED = "closed"  # without an answer
    ANSWER_TIMEOUT = "answer_timeout"
    REDIRECT = "redirect"
    UNAUTHORISED = "unauthorised"  # 401, 403
    NOT_FOUND = "not_found"
    NOT_POST = "not_post"  # 405
    GONE = "gone"
    BUSY = "busy"  # 429, 503
    REFUSED = "refused"  # any other 4xx
    FAILED = "failed"  # any other 5xx
    NOT_SENT = "not_sent"  # none of these: `said` has what is known


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one sample; `said` and `advice` are for people."""

    event_id: str
    type: EventType
    at: datetime
    result: Result
    said: str
    advice: str
    """What to do; empty where all is well."""
    status: int | None
    ms: int
    answer: str | None
    """The first bytes of the answer's body, printable."""

    @property
    def taken(self) -> bool:
        return self.result is Result.TAKEN


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subscriber that there is not yet."""

    url: str = field(repr=False)
    secret: str = field(repr=False)
    allow_private: bool = False


class Trials(Protocol):
    """Sends samples, at once and outside of every order."""

    async def of(self, name: str, kind: EventType) -> Trial:
        """Send one to a subscriber. Raises NotThere."""

    async def at(self, candidate: Candidate, kind: EventType) -> Trial:
        """Send one to where nobody subscribes yet. Raises ConfigError where its key cannot be used."""
