"""How the daemon is, as `callbridge status --json` prints it.

Built by the daemon, sent as JSON, read again by the command line; so a field
may be added, but none is renamed. Times are RFC 3339 in UTC, spans are seconds.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import AliasChoices, BaseModel, ConfigDict, Field


class _Part(BaseModel):
    """Reads what a newer or older daemon says too: unknown fields are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AmiStatus(_Part):
    connected: bool
    since: datetime | None = None
    """Since when it has been as it is; None before the first try."""
    last_error: str | None = None
    queue_depth: int = 0
    queue_max_seen: int = 0
    oddities: int = 0
    asterisk: str | None = None
    """Asterisk's own version, `22.5.1`; None until it has been told."""


class AriStatus(_Part):
    connected: bool
    since: datetime | None = None
    last_error: str | None = None
    oddities: int = 0


class Gap(_Part):
    """When nobody listened; `to` None means: it goes on."""

    from_: datetime = Field(validation_alias=AliasChoices("from", "from_"), serialization_alias="from")
    to: datetime | None = None


class PbxStatus(_Part):
    id: str
    ami: AmiStatus
    ari: AriStatus | None = None
    """None where it is not configured."""
    last_gap: Gap | None = None
    live_calls: int = 0
    cel_error: str | None = None
    """Why the PBX's own log could not tell the last gap; None where it could, can by now, or none is kept."""


class SubscriberStatus(_Part):
    name: str
    backlog: int = 0
    """Events committed but not delivered yet."""
    oldest_s: float | None = None
    """The age of the oldest of them; None when there is none."""
    last_error: str | None = None
    delivered: int = 0
    """Since the daemon started."""
    given_up: int = 0
    """Events whose last try failed."""
    paused: bool = False
    """Whether nothing is sent to it."""
    paused_why: str | None = None
    paused_at: datetime | None = None
    disabled: bool = False
    """Whether it was given up; paused by a person, where it is not."""


class WorkerStatus(_Part):
    name: str
    """The host, and its process there."""
    shards: int
    seen_s: float
    """How long ago it was heard of."""


class StreamStatus(_Part):
    """Where workers deliver: the way to them, and who they are."""

    connected: bool
    since: datetime | None = None
    server: str | None = None
    """NATS' own version."""
    last_error: str | None = None
    published: int = 0
    """Messages, since the daemon started."""
    waiting: int = 0
    missed: int = 0
    """Messages that were left to the database, for too many waited."""
    workers: tuple[WorkerStatus, ...] = ()
    undelivered: bool = False
    """Whether there is no worker, so that nothing is delivered."""


class NoticeStatus(_Part):
    """E-mails about missed calls."""

    recipients: int = 0
    waiting: int = 0
    """Notices that are neither sent nor given up; one mail may be about several."""
    oldest_s: float | None = None
    """The age of the oldest of them; None when there is none."""
    sent: int = 0
    """Mails, since the daemon started."""
    given_up: int = 0
    """Notices, since the daemon started."""
    last_error: str | None = None
    """Why the last mail was not taken; None where it was."""
    unreachable: str | None = None
    """Why the mail server cannot be used at the moment, so that all wait; None where it can."""


class SourceStatus(_Part):
    """A source of the directory: our own customers, or a CRM that is asked."""

    name: str
    asked: int = 0
    """Since the daemon started, or a reload changed sources; what was kept of a CRM's answers is not among them."""
    failed: int = 0
    resting: bool = False
    """It failed so often that it is left alone; one question tries it now and then."""
    last_error: str | None = None


class DatabaseStatus(_Part):
    url: str
    """Masked."""
    ok: bool
    schema_: str | None = Field(
        default=None, validation_alias=AliasChoices("schema", "schema_"), serialization_alias="schema"
    )
    """The migration it is at; None when it cannot be asked."""
    last_error: str | None = None


class ConfigStatus(_Part):
    """What the last reload brought; empty when there was none."""

    refused: tuple[str, ...] = ()
    """The mistakes for which the file was not taken, one line each."""
    needs_restart: tuple[str, ...] = ()
    """Changed keys that wait for a restart."""


class Status(_Part):
    version: str
    started_at: datetime
    degraded: tuple[str, ...] = ()
    """What is not as it should be, one sentence each; empty when all is well."""
    missed: int = 0
    """Callers on the missed list."""
    pbxs: tuple[PbxStatus, ...] = ()
    live_calls: int = 0
    oddities: Mapping[str, int] = Field(default_factory=dict)
    """What the PBXs said of calls that made no sense, since the daemon started: what, and how often."""
    agents: int = 0
    subscribers: tuple[SubscriberStatus, ...] = ()
    database: DatabaseStatus
    http: str | None = None
    """`host:port` it listens on."""
    config: ConfigStatus = ConfigStatus()
    stream: StreamStatus | None = None
    """None where the daemon delivers itself."""
    streams: int = 0
    """Readers of `/v1/events`."""
    notice: NoticeStatus | None = None
    """None where no e-mail is sent."""
    sources: tuple[SourceStatus, ...] = ()
    """Who is asked whose number it is, in their order."""

    def as_json(self) -> bytes:
        return self.model_dump_json(by_alias=True).encode()
