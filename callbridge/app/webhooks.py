"""What a person may do with subscribers, by API or command line: fulfils `hooks.Hooks`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from callbridge import logs
from callbridge.app.outgoing import Outgoing
from callbridge.clock import Clock
from callbridge.delivery.signature import Signer, public_key
from callbridge.delivery.statuses import Status
from callbridge.delivery.subscriber import Subscriber
from callbridge.errors import ConfigError, Conflicting, NotThere
from callbridge.hooks import PRIVATE_KEY, Hook, Key, Order, Wanted, new_secret
from callbridge.ports import DeadLetter, DeadLetters, KeptWebhook, Try, Webhooks

IN_FILE: Final = 'Webhook "{name}" stands in the configuration file: change it there and reload.'
TAKEN: Final = 'There is a webhook "{name}" already.'
NOT_THERE: Final = 'There is no webhook "{name}".'
DEFAULTS: Final[Mapping[str, object]] = {
    "events": ["*"],
    "pbxs": [],
    "queues": [],
    "order": "call",
    "allow_private": False,
    "allow_networks": [],
    "timeout_s": 15.0,
    "concurrency": 8,
    "rate_per_s": None,
}
"""Of those that are kept in the database; the same as the file's."""


log = logs.logger()


class WebhookKeeper:
    """Knows every subscriber, and changes those that are kept in the database."""

    def __init__(self, outgoing: Outgoing, store: Webhooks, clock: Clock) -> None:
        self._outgoing, self._store, self._clock = outgoing, store, clock
        self._kept: dict[str, KeptWebhook] = {}
        self._removed: set[str] = set()
        """Of whom something may still have been put, when they were removed."""

    async def load(self) -> None:
        """Tell those who are kept in the database: asked once, before anything is committed."""
        for each in await self._store.webhooks():
            self._take_or_tell(each)

    def _take_or_tell(self, kept: KeptWebhook) -> None:
        try:
            self._take(kept)
        except ConfigError as error:
            log.error(str(error), action=logs.Action.CONFIG_WARNING, subscriber=kept.name)  # noqa: TRY400 - its text is all

    async def refresh(self) -> None:
        """Tell those who are kept in the database as it has them now, whichever process changed them."""
        found = {each.name: each for each in await self._store.webhooks()}
        for each in found.values():
            if self._kept.get(each.name) != each:
                self._take_or_tell(each)
        for name in self._kept.keys() - found.keys():
            del self._kept[name]
            self._outgoing.forget(name)
            self._removed.add(name)
        while self._removed:
            await self._store.drop_leftovers(self._removed.pop())

    def _take(self, kept: KeptWebhook) -> None:
        subscriber = subscriber_of(kept)
        _hide(subscriber)
        self._outgoing.keep(subscriber)
        self._kept[kept.name] = kept

    async def all(self) -> Sequence[Hook]:
        statuses = {status.name: status for status in await self._outgoing.statuses()}
        found = [self._shown(each, statuses[each.name]) for each in self._told() if each.name in statuses]
        return sorted(found, key=lambda hook: hook.name)

    def _told(self) -> Sequence[Subscriber]:
        return self._outgoing.dispatcher.subscribers

    async def get(self, name: str) -> Hook:
        found = next((hook for hook in await self.all() if hook.name == name), None)
        if found is None:
            raise NotThere(NOT_THERE.format(name=name))
        return found

    async def create(self, name: str, wanted: Wanted, key: Key) -> tuple[Hook, str | None]:
        if self._outgoing.in_file(name) or name in self._kept:
            raise Conflicting(TAKEN.format(name=name))
        secret, now = _usable(key), self._clock.now()
        secrets = {"secret": secret, "headers": dict(wanted.headers or {})}
        await self._keep(KeptWebhook(name, {**DEFAULTS, **wanted.settings}, secrets, now, now))
        return await self.get(name), _told_once(secret)

    async def change(self, name: str, wanted: Wanted) -> Hook:
        kept = self._mine(name)
        headers = kept.secrets["headers"] if wanted.headers is None else dict(wanted.headers)
        settings, secrets = {**kept.settings, **wanted.settings}, {**kept.secrets, "headers": headers}
        await self._keep(replace(kept, settings=settings, secrets=secrets, changed_at=self._clock.now()))
        return await self.get(name)

    async def rotate(self, name: str, key: Key, keep_old_s: float) -> tuple[Hook, str | None]:
        kept, secret, now = self._mine(name), _usable(key), self._clock.now()
        if secret == kept.secrets["secret"]:
            raise Conflicting("That is the secret it has already.")
        secrets = {"secret": secret, "headers": kept.secrets["headers"]}
        if keep_old_s > 0:
            until = (now + timedelta(seconds=keep_old_s)).isoformat()
            secrets |= {"old_secret": kept.secrets["secret"], "old_until": until}
        await self._keep(replace(kept, secrets=secrets, changed_at=now))
        return await self.get(name), _told_once(secret)

    async def _keep(self, kept: KeptWebhook) -> None:
        await self._store.keep_webhook(kept)
        self._take(kept)

    async def remove(self, name: str) -> None:
        self._mine(name)
        await self._store.drop_webhook(name)
        if name in self._kept:  # two may have asked at once
            del self._kept[name]
            self._outgoing.forget(name)
            self._removed.add(name)

    def _mine(self, name: str) -> KeptWebhook:
        if self._outgoing.in_file(name):
            raise Conflicting(IN_FILE.format(name=name))
        if name not in self._kept:
            raise NotThere(NOT_THERE.format(name=name))
        return self._kept[name]

    async def pause(self, name: str, why: str) -> Hook:
        await self._outgoing.dispatcher.pause(name, why)
        return await self.get(name)

    async def resume(self, name: str) -> Hook:
        await self._outgoing.dispatcher.resume(name)
        return await self.get(name)

    async def replay(self, name: str, which: DeadLetters) -> int:
        return await self._outgoing.dispatcher.replay(name, which)

    async def dead_letters(self, name: str, after: int, limit: int) -> Sequence[DeadLetter]:
        self._must_be(name)
        return await self._store.dead_letters(name, after, limit)

    async def tries(self, name: str, before: int | None, limit: int) -> Sequence[Try]:
        self._must_be(name)
        return await self._store.tries(name, before, limit)

    def _must_be(self, name: str) -> None:
        if all(each.name != name for each in self._told()):
            raise NotThere(NOT_THERE.format(name=name))

    def _shown(self, subscriber: Subscriber, status: Status) -> Hook:
        kept = None if self._outgoing.in_file(subscriber.name) else self._kept.get(subscriber.name)
        standing = status.standing
        return Hook(
            name=subscriber.name,
            source="file" if kept is None else "api",
            settings=_settings(subscriber),
            headers=[name for name, _ in subscriber.headers],
            public_key=public_key(subscriber.secret),
            old_until=subscriber.old_until,
            state=str(standing.halted or "active"),
            why=standing.why,
            halted_at=standing.halted_at,
            failing_since=status.failing_since,
            backlog=status.waiting,
            dead=status.dead,
            oldest_at=status.oldest_at,
            delivered=status.delivered,
            failed=status.failed,
            last_error=status.last_error,
            last_ok_at=status.last_ok_at,
            created_at=None if kept is None else kept.created_at,
            changed_at=None if kept is None else kept.changed_at,
        )


def subscriber_of(kept: KeptWebhook) -> Subscriber:
    """Return a subscriber that is kept in the database as delivery knows it."""
    settings: dict[str, Any] = {**DEFAULTS, **kept.settings}
    secrets: dict[str, Any] = dict(kept.secrets)
    until = secrets.get("old_until")
    return Subscriber(
        kept.name,
        settings["url"],
        secrets["secret"],
        events=tuple(settings["events"]),
        old_secret=secrets.get("old_secret"),
        old_until=None if until is None else datetime.fromisoformat(until),
        pbxs=tuple(settings["pbxs"]),
        queues=tuple(settings["queues"]),
        order=Order(settings["order"]),
        headers=tuple(secrets["headers"].items()),
        allow_private=settings["allow_private"],
        allow_networks=tuple(settings["allow_networks"]),
        timeout_s=settings["timeout_s"],
        concurrency=settings["concurrency"],
        rate=settings["rate_per_s"],
    )


def _settings(subscriber: Subscriber) -> Mapping[str, object]:
    return {
        "url": shown_url(subscriber.url),
        "events": list(subscriber.events),
        "pbxs": list(subscriber.pbxs),
        "queues": list(subscriber.queues),
        "order": str(subscriber.order),
        "allow_private": subscriber.allow_private,
        "allow_networks": list(subscriber.allow_networks),
        "timeout_s": subscriber.timeout_s,
        "concurrency": subscriber.concurrency,
        "rate_per_s": subscriber.rate,
    }


def shown_url(url: str) -> str:
    """Return a URL without its query, which may hold a token."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=logs.HIDDEN if parts.query else "", fragment=""))


def _usable(key: Key) -> str:
    """Return the secret to sign with. Raises Conflicting where this installation cannot sign with it."""
    secret = key.secret or new_secret(asymmetric=key.asymmetric)
    try:
        Signer(secret)
    except ConfigError as error:
        raise Conflicting(str(error)) from None
    return secret


def _told_once(secret: str) -> str | None:
    """Return what the receiver must know; of a pair of keys that is the public one alone."""
    return None if secret.startswith(PRIVATE_KEY) else secret


def _hide(subscriber: Subscriber) -> None:
    """Have no log show what nobody may see."""
    held = (subscriber.secret, subscriber.old_secret, *(value for _, value in subscriber.headers))
    for secret in held:
        if secret is not None:
            logs.hide(secret)
