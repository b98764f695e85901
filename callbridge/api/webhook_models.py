"""What `/v1/webhooks` takes and gives: subscribers, their tries and their dead letters."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from callbridge.api.resources import Input, Output
from callbridge.api.words import Cursor, Limit, Stamp, When
from callbridge.hooks import MOST_HEADER, MOST_HEADERS, check_header, check_secret, event_glob, http_url, network

DAY_S: Final = 86_400
MOST_PATTERNS: Final = 100


def _secret(secret: SecretStr) -> SecretStr:
    check_secret(secret.get_secret_value())
    return secret


def _some(globs: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse none at all; by `min_length`, a list whose only glob is refused would be told as empty too."""
    if not globs:
        raise ValueError("must hold at least one; leave it out for all events")
    return globs


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        check_header(name, value)
    return headers


Pattern = Annotated[str, Field(min_length=1, max_length=128)]
Patterns = Annotated[tuple[Pattern, ...], Field(max_length=MOST_PATTERNS)]
EventGlobs = Annotated[
    tuple[Annotated[str, Field(max_length=64), AfterValidator(event_glob)], ...],
    Field(max_length=MOST_PATTERNS, description="Types or globs, such as `call.*`.", json_schema_extra={"minItems": 1}),
    AfterValidator(_some),
]
Networks = Annotated[
    tuple[Annotated[str, Field(max_length=64), AfterValidator(network)], ...],
    Field(max_length=MOST_PATTERNS, description="Private networks the URL may lead to, such as `10.1.0.0/16`."),
]
Headers = Annotated[
    dict[str, Annotated[str, Field(max_length=MOST_HEADER)]],
    Field(max_length=MOST_HEADERS, description="Sent along with every event; the values are shown nowhere."),
    AfterValidator(_headers),
]
Url = Annotated[str, Field(max_length=2000, description="Where to: http or https."), AfterValidator(http_url)]
GivenSecret = Annotated[
    SecretStr,
    AfterValidator(_secret),
    Field(max_length=200, description="`whsec_` or `whsk_` and base64; left out: a new one is made."),
]
NewName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
KnownName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
Order = Annotated[Literal["call", "strict"], Field(description="`strict`: all events one after another, in one order.")]
Signature = Annotated[
    Literal["v1", "v1a"], Field(description="`v1`: HMAC with a secret of both sides; `v1a`: ed25519, a pair of keys.")
]
Rate = Annotated[float, Field(gt=0, le=10_000, description="Tries a second at most; null: as many as there are.")]
Timeout = Annotated[float, Field(gt=0, le=60, description="For one try, in seconds.")]
Concurrency = Annotated[int, Field(ge=1, le=64, description="Tries under way at once, of different calls.")]


ABSENT: Any = Field(default_factory=lambda: None)
"""May be left out, and is then not among the fields set; null it may not be."""


Moment = Annotated[When, Field(strict=False)]
"""What `When` gives on is text, which pydantic takes strictly for no time, but in a query."""


class WebhookPath(Input):
    name: KnownName


class NewWebhook(Input):
    name: NewName
    url: Url
    events: EventGlobs = ("*",)
    pbxs: Patterns = ()
    queues: Patterns = ()
    order: Order = "call"
    headers: Headers = Field(default_factory=dict)
    allow_private: bool = False
    allow_networks: Networks = ()
    timeout_s: Timeout = 15.0
    concurrency: Concurrency = 8
    rate_per_s: Rate | None = None
    signature: Signature = "v1"
    secret: GivenSecret | None = None


class WebhookChange(Input):
    """What is left out stays as it is."""

    url: Url = ABSENT
    events: EventGlobs = ABSENT
    pbxs: Patterns = ABSENT
    queues: Patterns = ABSENT
    order: Order = ABSENT
    headers: Headers = ABSENT
    allow_private: bool = ABSENT
    allow_networks: Networks = ABSENT
    timeout_s: Timeout = ABSENT
    concurrency: Concurrency = ABSENT
    rate_per_s: Rate | None = ABSENT


class Rotation(Input):
    keep_old_s: Annotated[
        float, Field(ge=0, le=90 * DAY_S, description="For how long the former secret signs as well; 0: not at all.")
    ] = DAY_S
    signature: Signature = "v1"
    secret: GivenSecret | None = None


class Replay(Input):
    """Which dead letters: one by its event, those told in a span of time, or all. One of the three."""

    event: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    since: Moment | None = None
    until: Moment | None = None
    all: Literal[True] | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        ways = (self.event, self.since or self.until, self.all)
        if sum(way is not None for way in ways) != 1:
            raise ValueError('give one of "event", "since" with or without "until", and "all": true')
        return self


class PageQuery(Input):
    limit: Limit = 50
    cursor: Cursor | None = None


class WebhookAnswer(Output):
    """A subscriber and how it does; no secret is in it."""

    name: str
    source: Literal["file", "api"] = Field(description="`file`: to be changed there; it can be paused and replayed.")
    url: str = Field(description="Without its query, which may hold a token.")
    events: tuple[str, ...]
    pbxs: tuple[str, ...]
    queues: tuple[str, ...]
    order: Literal["call", "strict"]
    headers: dict[str, str] = Field(description="Every value is masked.")
    allow_private: bool
    allow_networks: tuple[str, ...]
    timeout_s: float
    concurrency: int
    rate_per_s: float | None
    signature: Literal["v1", "v1a"]
    public_key: str | None = Field(description="What `v1a` is verified with: `whpk_…`.")
    old_secret_until: Stamp | None = Field(description="Until when the former secret signs as well.")
    state: Literal["active", "paused", "disabled"]
    why: str | None = Field(description="Why it is paused or disabled.")
    halted_at: Stamp | None
    failing_since: Stamp | None = Field(description="The first failure since the last success.")
    backlog: int = Field(description="Events that wait for it.")
    oldest_at: Stamp | None = Field(description="Since when the oldest of them waits.")
    dead_letters: int = Field(description="Events that were given up.")
    delivered: int = Field(description="Since the daemon began.")
    failed: int = Field(description="Tries, since the daemon began.")
    last_error: str | None
    last_success_at: Stamp | None = Field(description="Since the daemon began.")
    created_at: Stamp | None
    changed_at: Stamp | None


class CreatedWebhook(WebhookAnswer):
    secret: str | None = Field(description="Shown this once; null where `public_key` is all the receiver needs.")


class DeliveryAnswer(Output):
    """One try."""

    event: str
    type: str
    attempt: int
    at: Stamp
    ms: int
    delivered: bool
    status: int | None = Field(description="Of the answer; null where none came.")
    error: str | None
    answer: str | None = Field(description="The first bytes of the answer's body, made printable.")


class DeadLetterAnswer(Output):
    """An event that was given up."""

    event: str
    type: str
    call: str | None
    sequence: int | None
    attempts: int
    told_at: Stamp = Field(description="When it was told; `since` and `until` of a replay go by it.")
    tried_at: Stamp | None
    error: str | None


class Replayed(Output):
    replayed: int = Field(description="How many are sent again.")
