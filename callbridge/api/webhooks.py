"""`/v1/webhooks`: who is told, how that goes, and what a person does about it."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from callbridge.api import cursors
from callbridge.api.cursors import Page
from callbridge.api.problems import Kind
from callbridge.api.resources import Input, Output, Resource
from callbridge.api.scopes import Caller, Scope
from callbridge.api.words import Cursor, Limit, Stamp, When
from callbridge.hooks import (
    MOST_HEADER,
    MOST_HEADERS,
    Hook,
    Hooks,
    Key,
    Wanted,
    check_header,
    check_secret,
    event_glob,
    http_url,
    network,
)
from callbridge.ports import DeadLetter, DeadLetters, Try

DAY_S: Final = 86_400
MOST_PATTERNS: Final = 100
MOST_INT: Final = 2**53
MASKED: Final = "•••"


def _secret(secret: SecretStr) -> SecretStr:
    check_secret(secret.get_secret_value())
    return secret


def _headers(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        check_header(name, value)
    return headers


Pattern = Annotated[str, Field(min_length=1, max_length=128)]
Patterns = Annotated[tuple[Pattern, ...], Field(max_length=MOST_PATTERNS)]
EventGlobs = Annotated[
    tuple[Annotated[str, Field(max_length=64), AfterValidator(event_glob)], ...],
    Field(min_length=1, max_length=MOST_PATTERNS, description="Types or globs, such as `call.*`."),
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
    since: When | None = None
    until: When | None = None
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


def resources(hooks: Hooks) -> tuple[Resource, ...]:
    """Return the resources of subscribers."""
    return (*_of_one(hooks), *_settings_of(hooks), *_done_to(hooks), *_logs_of(hooks))


def _of_one(hooks: Hooks) -> tuple[Resource, ...]:
    async def listed(query: PageQuery) -> dict[str, Any]:
        after = cursors.values_of(query.cursor, str)[0] if query.cursor else ""
        found = [hook for hook in await hooks.all() if hook.name > after]
        items = [_shown(hook).model_dump(mode="json") for hook in found[: query.limit]]
        return cursors.page(items, cursors.cursor(items[-1]["name"]) if len(found) > query.limit else None)

    async def read(path: WebhookPath) -> WebhookAnswer:
        return _shown(await hooks.get(path.name))

    reading = Scope.WEBHOOKS_READ
    return (
        Resource("GET", "/webhooks", listed, reading, "List subscribers, by name.", answer=Page[WebhookAnswer]),
        Resource(
            "GET", "/webhooks/{name}", read, reading, "Read a subscriber.", answer=WebhookAnswer,
            problems=(Kind.NOT_FOUND,),
        ),
    )  # fmt: skip


def _settings_of(hooks: Hooks) -> tuple[Resource, ...]:
    async def create(body: NewWebhook) -> CreatedWebhook:
        key = _key(body.secret, body.signature)
        return _created(*await hooks.create(body.name, _wanted(body), key))

    async def change(path: WebhookPath, body: WebhookChange) -> WebhookAnswer:
        return _shown(await hooks.change(path.name, _wanted(body)))

    async def remove(path: WebhookPath) -> None:
        await hooks.remove(path.name)

    async def rotate(path: WebhookPath, body: Rotation) -> CreatedWebhook:
        key = _key(body.secret, body.signature)
        return _created(*await hooks.rotate(path.name, key, body.keep_old_s))

    writing, once = Scope.WEBHOOKS_WRITE, frozenset({"secret"})
    refusals = (Kind.NOT_FOUND, Kind.CONFLICT)
    return (
        Resource(
            "POST", "/webhooks", create, writing, "Make a subscriber; it gets the next event.",
            answer=CreatedWebhook, status=HTTPStatus.CREATED, shown_once=once, problems=(Kind.CONFLICT,),
        ),
        Resource(
            "PATCH", "/webhooks/{name}", change, writing, "Change a subscriber; what is left out stays.",
            answer=WebhookAnswer, problems=refusals,
        ),
        Resource(
            "DELETE", "/webhooks/{name}", remove, writing, "Remove a subscriber, with all that waits for it.",
            problems=refusals,
        ),
        Resource(
            "POST", "/webhooks/{name}/rotate", rotate, writing, "Give it another secret; both sign for a time.",
            answer=CreatedWebhook, shown_once=once, problems=refusals,
        ),
    )  # fmt: skip


def _done_to(hooks: Hooks) -> tuple[Resource, ...]:
    async def pause(path: WebhookPath, caller: Caller) -> WebhookAnswer:
        return _shown(await hooks.pause(path.name, f"paused by {caller.name}"))

    async def resume(path: WebhookPath) -> WebhookAnswer:
        return _shown(await hooks.resume(path.name))

    async def replay(path: WebhookPath, body: Replay) -> Replayed:
        return Replayed(replayed=await hooks.replay(path.name, DeadLetters(body.event, body.since, body.until)))

    writing, refusals = Scope.WEBHOOKS_WRITE, (Kind.NOT_FOUND,)
    return (
        Resource(
            "POST", "/webhooks/{name}/pause", pause, writing, "Send it nothing; events wait, over restarts too.",
            answer=WebhookAnswer, problems=refusals,
        ),
        Resource(
            "POST", "/webhooks/{name}/resume", resume, writing, "Go on after a pause, or after it was disabled.",
            answer=WebhookAnswer, problems=refusals,
        ),
        Resource(
            "POST", "/webhooks/{name}/replay", replay, writing, "Send dead letters again: same ids, same bytes.",
            answer=Replayed, problems=refusals,
        ),
    )  # fmt: skip


def _logs_of(hooks: Hooks) -> tuple[Resource, ...]:
    async def deliveries(path: WebhookPath, query: PageQuery) -> dict[str, Any]:
        before = _place(query.cursor)
        found = await hooks.tries(path.name, before, query.limit + 1)
        items = [_try(each).model_dump(mode="json") for each in found[: query.limit]]
        more = len(found) > query.limit
        return cursors.page(items, cursors.cursor(found[query.limit - 1].place) if more else None)

    async def dead_letters(path: WebhookPath, query: PageQuery) -> dict[str, Any]:
        after = _place(query.cursor) or 0
        found = await hooks.dead_letters(path.name, after, query.limit + 1)
        items = [_dead(each).model_dump(mode="json") for each in found[: query.limit]]
        more = len(found) > query.limit
        return cursors.page(items, cursors.cursor(found[query.limit - 1].position) if more else None)

    reading, refusals = Scope.WEBHOOKS_READ, (Kind.NOT_FOUND,)
    return (
        Resource(
            "GET", "/webhooks/{name}/deliveries", deliveries, reading, "List tries, the newest first.",
            answer=Page[DeliveryAnswer], problems=refusals,
        ),
        Resource(
            "GET", "/webhooks/{name}/dead-letters", dead_letters, reading, "List events given up, the oldest first.",
            answer=Page[DeadLetterAnswer], problems=refusals,
        ),
    )  # fmt: skip


def _place(written: str | None) -> int | None:
    if written is None:
        return None
    place: int = cursors.values_of(written, int)[0]
    return max(0, min(place, MOST_INT))


def _key(secret: SecretStr | None, signature: str) -> Key:
    return Key(None if secret is None else secret.get_secret_value(), signature == "v1a")


def _wanted(body: NewWebhook | WebhookChange) -> Wanted:
    given = body.model_dump(mode="json", exclude_unset=True, exclude={"name", "secret", "signature", "headers"})
    return Wanted(given, body.headers if "headers" in body.model_fields_set else None)


def _fields(hook: Hook) -> dict[str, Any]:
    return {
        **hook.settings,
        "name": hook.name,
        "source": hook.source,
        "headers": dict.fromkeys(hook.headers, MASKED),
        "signature": "v1" if hook.public_key is None else "v1a",
        "public_key": hook.public_key,
        "old_secret_until": hook.old_until,
        "state": hook.state,
        "why": hook.why,
        "halted_at": hook.halted_at,
        "failing_since": hook.failing_since,
        "backlog": hook.backlog,
        "oldest_at": hook.oldest_at,
        "dead_letters": hook.dead,
        "delivered": hook.delivered,
        "failed": hook.failed,
        "last_error": hook.last_error,
        "last_success_at": hook.last_ok_at,
        "created_at": hook.created_at,
        "changed_at": hook.changed_at,
    }


def _shown(hook: Hook) -> WebhookAnswer:
    return WebhookAnswer(**_fields(hook))


def _created(hook: Hook, secret: str | None) -> CreatedWebhook:
    return CreatedWebhook(**_fields(hook), secret=secret)


def _try(one: Try) -> DeliveryAnswer:
    return DeliveryAnswer(
        event=one.event_id,
        type=one.type,
        attempt=one.attempt,
        at=one.at,
        ms=one.ms,
        delivered=one.delivered,
        status=one.status,
        error=one.error,
        answer=one.answer,
    )


def _dead(one: DeadLetter) -> DeadLetterAnswer:
    return DeadLetterAnswer(
        event=one.event_id,
        type=one.type,
        call=one.call_id,
        sequence=one.sequence,
        attempts=one.attempts,
        told_at=one.told_at,
        tried_at=one.tried_at,
        error=one.error,
    )
