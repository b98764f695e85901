"""`/v1/webhooks`: who is told, how that goes, and what a person does about it."""

from http import HTTPStatus
from typing import Any, Final

from pydantic import SecretStr

from callbridge.api import cursors
from callbridge.api.cursors import Page
from callbridge.api.problems import Kind
from callbridge.api.resources import Resource
from callbridge.api.scopes import Caller, Scope
from callbridge.api.webhook_models import (
    CreatedWebhook,
    DeadLetterAnswer,
    DeliveryAnswer,
    NewWebhook,
    PageQuery,
    Replay,
    Replayed,
    Rotation,
    WebhookAnswer,
    WebhookChange,
    WebhookPath,
)
from callbridge.hooks import Hook, Hooks, Key, Wanted
from callbridge.ports import DeadLetter, DeadLetters, Try

MOST_INT: Final = 2**53
MASKED: Final = "•••"


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
