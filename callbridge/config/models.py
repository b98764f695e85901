"""The configuration as typed, frozen models: one class for each table of the TOML file.

A field's name is the key's name. `config/callbridge.example.toml` explains each
of them; here stands only what the key cannot say.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr

from callbridge.config import lines, words
from callbridge.config.database_url import masked
from callbridge.config.directory import Directory
from callbridge.config.notice import Notice
from callbridge.config.secret import Secret
from callbridge.config.table import Table

DEFAULT_DATA_DIR: Final = Path("/var/lib/callbridge")

CallSeconds = Annotated[float, Field(gt=0, le=86_400)]


class Ami(Table):
    host: words.Host = "127.0.0.1"
    port: words.Port = 5038
    username: words.OneLine = "callbridge"
    secret: Secret
    secret_file: str | None = None
    secret_env: str | None = None
    tls: bool = False
    tls_ca: words.AbsolutePath | None = None
    """A PEM file; None means the host's own authorities."""
    tls_verify: bool = True
    ping_interval_s: words.Seconds = 5.0
    ping_deadline_s: words.Seconds = 5.0
    queue_max: Annotated[int, Field(ge=100, le=1_000_000)] = 100_000
    """Messages; past it the link is dropped and resynced rather than falling behind silently."""
    event_filter: bool = True


class Ari(Table):
    url: words.HttpUrl = "http://127.0.0.1:8088/ari"
    username: words.OneLine = "callbridge"
    password: Secret
    password_file: str | None = None
    password_env: str | None = None
    app: words.Name = "callbridge"
    tls_ca: words.AbsolutePath | None = None
    """As for AMI; for an `https://` url."""


class Cel(Table):
    """Where the PBX keeps its own log of channel events: a file of cel_custom, or a table. One of `file` and `url`."""

    file: words.AbsolutePath | None = None
    columns: Annotated[tuple[words.CelColumn, ...], Field(strict=False)] = words.CEL_COLUMNS
    """Of the file, in their order; `-` is one to pass over."""
    url: Secret | None = None
    """Of the database, with the password in it."""
    password: Secret | None = None
    password_file: str | None = None
    password_env: str | None = None
    table: words.SqlName = "cel"
    timezone: words.Timezone | None = None
    """Of times written without a zone; None means the PBX's."""
    most_days: Annotated[float, Field(gt=0, le=366)] = 7.0
    """How far back a gap is told; what is older stays untold."""

    @property
    def masked_url(self) -> str | None:
        return None if self.url is None else masked(self.url.reveal())


class PbxNumbers(Table):
    """What must be known of a PBX to read its numbers; all that a replay needs."""

    id: words.Name
    country: words.Country
    outside_prefix: words.DialPrefix = ""
    extensions: Annotated[tuple[words.Extension, ...], Field(strict=False)] = ()
    trunks: Annotated[tuple[words.Trunk, ...], Field(strict=False)] = ()
    timezone: words.Timezone = "UTC"
    recordings_dir: words.AbsolutePath = Path("/var/spool/asterisk/monitor")


class Pbx(PbxNumbers):
    ami: Ami
    ari: Ari | None = None
    cel: Cel | None = None


class Database(Table):
    url: Secret
    """With the password in it; `masked_url` is the one to show."""
    password: Secret | None = None
    password_file: str | None = None
    password_env: str | None = None

    @property
    def masked_url(self) -> str:
        return masked(self.url.reveal())


class Http(Table):
    listen: words.Listen = "127.0.0.1:8700"
    tls_cert_file: words.AbsolutePath | None = None
    """PEM: the certificate, and behind it those that lead to its authority."""
    tls_key_file: words.AbsolutePath | None = None
    requests_per_s: Annotated[float, Field(gt=0, le=100_000)] = 50.0
    """Of one token, in the long run."""
    requests_burst: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Of one token, at once."""
    failures_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 20
    """Wrong tokens from one address."""
    max_streams: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Readers of `/v1/events` at once, with all tokens."""

    @property
    def host(self) -> str:
        return str(urlsplit(f"//{self.listen}").hostname)

    @property
    def port(self) -> int:
        """0 means: any free one."""
        return int(urlsplit(f"//{self.listen}").port or 0)


class Webhook(Table):
    name: words.Name
    url: Annotated[words.HttpUrl, Field(repr=False)]
    """Not shown: some receivers want a token in its query."""
    secret: Secret
    secret_file: str | None = None
    secret_env: str | None = None
    old_secret: Secret | None = None
    """Signs as well, for as long as it stands there, while the receiver moves to `secret`."""
    old_secret_file: str | None = None
    old_secret_env: str | None = None
    events: Annotated[tuple[words.EventGlob, ...], Field(strict=False, min_length=1)] = ("*",)
    pbxs: Annotated[tuple[words.OneLine, ...], Field(strict=False)] = ()
    queues: Annotated[tuple[words.OneLine, ...], Field(strict=False)] = ()
    order: Literal["call", "strict"] = "call"
    headers: words.Headers = words.NO_HEADERS
    allow_private: bool = False
    allow_networks: Annotated[tuple[words.Network, ...], Field(strict=False)] = ()
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 15.0
    concurrency: Annotated[int, Field(ge=1, le=64)] = 8
    rate_per_s: Annotated[float, Field(gt=0, le=10_000)] | None = None
    enabled: bool = True


class Delivery(Table):
    """For all subscribers, those that are made by API or CLI too."""

    disable_after_days: Annotated[float, Field(gt=0, le=365)] = 5.0
    """Without a single success, and after so many tries at least."""
    disable_after_tries: Annotated[int, Field(ge=1, le=1_000_000)] = 12
    keep_tries_days: Annotated[float, Field(gt=0, le=365)] = 14.0
    keep_waiting_days: Annotated[float, Field(gt=0, le=365)] = 30.0
    """For a subscriber to which nothing is sent: it is paused or disabled."""
    keep_dead_letters_days: Annotated[float, Field(gt=0, le=3650)] = 90.0
    """Since the event was told."""


class Stream(Table):
    """NATS JetStream between daemons and workers. Without it a daemon delivers itself."""

    url: words.NatsUrl
    """Of one server; a cluster tells of its others."""
    user: words.OneLine | None = None
    password: Secret | None = None
    password_file: str | None = None
    password_env: str | None = None
    token: Secret | None = None
    token_file: str | None = None
    token_env: str | None = None
    credentials_file: words.AbsolutePath | None = None
    """Of `nsc`: a JWT and its seed; takes the package nkeys."""
    tls_ca: words.AbsolutePath | None = None
    """As for AMI; for a `tls://` url."""
    name: words.Name = "callbridge"
    """Of the stream, and what its subjects begin with."""
    replicas: Annotated[int, Field(ge=1, le=5)] = 1
    max_mb: Annotated[int, Field(ge=16, le=1_000_000)] = 1024
    """Of the stream; the oldest go first, and are read from the database where somebody still wants them."""


class Dispatch(Table):
    """`callbridge dispatch`, the worker."""

    listen: words.Listen = "127.0.0.1:8710"
    """For /healthz, /readyz and /metrics."""


class Limits(Table):
    """How long calls of all PBXs may go on; left out: as long as they like."""

    inbound_s: CallSeconds | None = None
    outbound_s: CallSeconds | None = None
    internal_s: CallSeconds | None = None
    queues: Mapping[str, CallSeconds] = {}
    """By the queue's name, which is Asterisk's and may hold anything."""


class Missed(Table):
    """What counts as a missed call, what makes it good, and how long it is kept."""

    ivr: bool = True
    """Whether a caller counts who hung up in the menu, before anybody was called for them."""
    shortest_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Who gives up sooner does not count."""
    recovered_when: Literal["answered", "dialled"] = "answered"
    """What a callback is to be, so that the caller leaves the list."""
    expire_after_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    """Since the last try: then a row leaves the list by itself."""
    keep_days: Annotated[float, Field(gt=0, le=36_500)] = 365.0
    """Since the last try: then a row that left the list is deleted for good."""


class Log(Table):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"


class Config(Table):
    data_dir: words.DataDir = DEFAULT_DATA_DIR
    pbx: Annotated[tuple[Pbx, ...], Field(strict=False, min_length=1)]
    database: Database
    http: Http = Http()
    webhook: Annotated[tuple[Webhook, ...], Field(strict=False)] = ()
    delivery: Delivery = Delivery()
    stream: Stream | None = None
    dispatch: Dispatch = Dispatch()
    limits: Limits = Limits()
    missed: Missed = Missed()
    directory: Directory = Directory()
    notice: Notice = Notice()
    log: Log = Log()

    _path: Path = PrivateAttr(default=Path())
    _lines: Mapping[lines.KeyPath, int] = PrivateAttr(default_factory=dict)
    _warnings: tuple[str, ...] = PrivateAttr(default=())

    @property
    def path(self) -> Path:
        """The file it was read from, to read it again."""
        return self._path

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed but unwise: one finished line each, with file, line, key and what to do."""
        return self._warnings

    def where(self, *key: str | int) -> str:
        """Return `file:line` of a key, as in `where("pbx", 0, "ami", "host")`; of its table when it is left out."""
        return f"{self._path}:{lines.nearest(self._lines, key)}"


class WorkerConfig(Config):
    """What a worker reads: it hears no PBX."""

    pbx: Annotated[tuple[Pbx, ...], Field(strict=False)] = ()


def loaded(config: Config, path: Path, found: Mapping[lines.KeyPath, int], warnings: tuple[str, ...]) -> Config:
    """Return `config` knowing where it came from."""
    config._path, config._lines, config._warnings = path, found, warnings  # noqa: SLF001 - the module's own model
    return config
