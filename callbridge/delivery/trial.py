"""A sample, sent at once and outside the lanes: what came back, and what to do about it.

Nothing is remembered here. The event is marked as a sample by its id, `evt_test_…`,
which is another each time, so that no receiver takes it for a repeat; and by the call
in it, whose id is all zeros, or else by the PBX's, which is `sample`.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from callbridge.calls.events import EventType
from callbridge.clock import Clock, secret_bits
from callbridge.delivery.payload import render
from callbridge.delivery.post import Poster
from callbridge.delivery.retry import Outcome
from callbridge.delivery.samples import sample
from callbridge.delivery.subscriber import Subscriber
from callbridge.logs import scrub, visible
from callbridge.trials import Result, Trial

PBX: Final = "sample"
MARK: Final = "evt_test_"
LONGEST_S: Final = 20.0
"""For the try, whatever the subscriber's `timeout_s`: somebody waits for the answer."""
WHOLE_S: Final = 26.0
"""With the look-up of our own names before it."""
SKEW: Final = timedelta(minutes=1)
"""Receivers bear five minutes; who is one off will be five off."""
SHOWN_MOST: Final = 300
"""Letters of a redirect's goal."""


@dataclass(slots=True)
class Watch:
    """How far a try came, and the headers of its answer."""

    reached: Result = Result.CONNECT_TIMEOUT
    """What a time-out would mean now."""
    headers: Mapping[str, str] = field(default_factory=dict)

    def trace(self) -> aiohttp.TraceConfig:
        config = aiohttp.TraceConfig()
        config.on_dns_resolvehost_start.append(self._looks_up)
        config.on_dns_resolvehost_end.append(self._connects)
        config.on_connection_create_end.append(self._asks)
        return config

    async def _looks_up(self, *_: object) -> None:
        self.reached = Result.NAME_TIMEOUT

    async def _connects(self, *_: object) -> None:
        self.reached = Result.CONNECT_TIMEOUT

    async def _asks(self, *_: object) -> None:
        self.reached = Result.ANSWER_TIMEOUT

    def heard(self, headers: Mapping[str, str]) -> None:
        self.headers = headers


async def tried(subscriber: Subscriber, kind: EventType, clock: Clock, own: Collection[tuple[str, int]]) -> Trial:
    """Send a sample and return what came of it. Raises ConfigError where the subscriber's key cannot be used."""
    at, event_id = clock.now(), f"{MARK}{secret_bits(12).hex()}"
    body = render(replace(sample(kind, PBX, at), id=event_id))
    patient = replace(subscriber, timeout_s=min(subscriber.timeout_s, LONGEST_S))
    watch = Watch()
    outcome = await _posted(Poster(patient, clock, own, (watch.trace(),), watch.heard), event_id, body)
    if outcome.failure is Result.ANSWER_TIMEOUT:
        outcome = replace(outcome, failure=watch.reached)
    result = result_of(outcome)
    said, _, settings = _said(outcome, result, patient).partition("; " if result is Result.FORBIDDEN else "\n")
    advice = (settings, _advice(result, watch, subscriber), _clocks(result, watch, at))
    return Trial(
        *(event_id, kind, at, result, said),
        advice="\n".join(filter(None, advice)),
        status=outcome.status,
        ms=outcome.ms,
        answer=outcome.answer,
    )


async def _posted(poster: Poster, event_id: str, body: bytes) -> Outcome:
    try:
        async with asyncio.timeout(WHOLE_S), poster:
            return await poster.post(event_id, body)
    except TimeoutError:  # before the try: in it, Poster says so itself
        return Outcome(error="the names in our own configuration cannot be looked up", failure=Result.NAME_TIMEOUT)


BY_STATUS: Final[Mapping[int, Result]] = {
    HTTPStatus.UNAUTHORIZED: Result.UNAUTHORISED,
    HTTPStatus.FORBIDDEN: Result.UNAUTHORISED,
    HTTPStatus.NOT_FOUND: Result.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: Result.NOT_POST,
    HTTPStatus.GONE: Result.GONE,
    HTTPStatus.TOO_MANY_REQUESTS: Result.BUSY,
    HTTPStatus.SERVICE_UNAVAILABLE: Result.BUSY,
}
BY_HUNDRED: Final[Mapping[int, Result]] = {2: Result.TAKEN, 3: Result.REDIRECT, 4: Result.REFUSED, 5: Result.FAILED}


def result_of(outcome: Outcome) -> Result:
    """Return what came of a try in one word."""
    if outcome.status is None:
        return outcome.failure or Result.NOT_SENT
    return BY_STATUS.get(outcome.status) or BY_HUNDRED.get(outcome.status // 100, Result.NOT_SENT)


def _said(outcome: Outcome, result: Result, subscriber: Subscriber) -> str:
    if result is Result.TAKEN:
        return f"answered {outcome.status}"
    where = urlsplit(subscriber.url)
    port = where.port or (443 if where.scheme == "https" else 80)
    late = LATE.get(result)
    if late is None or outcome.error is None or not outcome.error.startswith("no answer"):
        return outcome.error or "not sent"
    return late.format(host=where.hostname, where=f"{where.hostname} port {port}", limit=f"{subscriber.timeout_s:g}")


LATE: Final[Mapping[Result, str]] = {
    Result.NAME_TIMEOUT: "the name {host} was not resolved within {limit} s",
    Result.CONNECT_TIMEOUT: "no connection to {where} within {limit} s",
    Result.ANSWER_TIMEOUT: "{where} took the connection, but did not answer within {limit} s",
}

SIGNATURE: Final = """\
Is the secret there the one of this subscriber, whole, with whsec_, and decoded from base64?
Is the signature taken over the bytes as they came, before anything parses them?
Is its clock right, within five minutes?
`callbridge webhook listen` with the same secret says which of these it is.
Or does a login or a proxy in front of it refuse? What it wants to see, `headers` sends along."""
ADVICE: Final[Mapping[Result, str]] = {
    Result.NAME_UNKNOWN: "Is the name spelled right? Does this host's DNS know it: getent hosts {host}",
    Result.NAME_TIMEOUT: "DNS does not answer this host: look at /etc/resolv.conf.",
    Result.NOT_LISTENING: "Start the receiver, on this port, and on this address rather than on its own loopback.",
    Result.NOT_REACHED: "Is there a way there from this host: the right address, a route, no firewall that refuses?",
    Result.CONNECT_TIMEOUT: "A firewall that drops, most likely, or a wrong address. {tls}",
    Result.CERTIFICATE_EXPIRED: "Renew the certificate there, and have the server read it again.",
    Result.CERTIFICATE_EARLY: "It is not valid yet: look at the clocks of both hosts.",
    Result.CERTIFICATE_OTHER_NAME: "Use the name that stands in the certificate, or have one made for {host}.",
    Result.CERTIFICATE_SELF_SIGNED: (
        "Get a certificate of a public authority; or let this host trust the one that signed it: "
        "/usr/local/share/ca-certificates, update-ca-certificates, and start callbridge anew."
    ),
    Result.CERTIFICATE_UNTRUSTED: (
        "Its authority is not known here, or the server leaves out the certificates between: have it send the whole "
        "chain, or let this host trust its authority and start callbridge anew."
    ),
    Result.TLS_FAILED: "Does that port speak TLS at all? If it speaks plain HTTP, write http:// or its TLS port.",
    Result.NOT_HTTP: "Something else listens there, or it wants TLS: look at the port, and at http:// or https://.",
    Result.CLOSED: "It broke while it took the event, or it wants TLS there: its own log says which.",
    Result.ANSWER_TIMEOUT: "Keep the event, answer 204 at once, and do the slow work afterwards.",
    Result.REDIRECT: "Give the final URL{goal}: a signed event is not sent on to somewhere else.",
    Result.UNAUTHORISED: SIGNATURE,
    Result.NOT_FOUND: "The host is right, the path is not: look at what stands behind it in `url`.",
    Result.NOT_POST: "That path takes no POST: look at the path in `url`, and at the route's method there.",
    Result.GONE: "An event that is answered so disables the subscriber: answer 410 only to be told nothing more.",
    Result.BUSY: "It says that it is too much, or that it is not ready. Events that are answered so are sent again.",
    Result.REFUSED: "It does not like the request: its answer, or its log, says why. Unknown types should get a 2xx.",
    Result.FAILED: "The receiver broke on it: its log says where. Events that are answered so are sent again.",
}
"""What to do about each; `{…}` is filled in."""


def _advice(result: Result, watch: Watch, subscriber: Subscriber) -> str:
    parts = urlsplit(subscriber.url)
    goal = _goal(watch.headers.get("Location", ""))
    tls = "Or TLS is not answered there: does that port speak it?" if parts.scheme == "https" else ""
    advice = ADVICE.get(result, "").format(host=parts.hostname, goal=f", {goal}" if goal else "", tls=tls).rstrip()
    if result is Result.ANSWER_TIMEOUT and subscriber.timeout_s > LONGEST_S:
        advice += f"\nA test waits {LONGEST_S:g} s at most; an event would be waited for {subscriber.timeout_s:g} s."
    return advice


def _goal(location: str) -> str:
    """Return where a redirect leads, fit to be shown: its query may hold a token."""
    try:
        parts = urlsplit(location[:SHOWN_MOST])
    except ValueError:
        return ""
    return visible(scrub(urlunsplit(parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]))))


def _clocks(result: Result, watch: Watch, at: datetime) -> str:
    """Compare clocks where a signature may have been refused for its time."""
    theirs = _date(watch.headers.get("Date", ""))
    if result is not Result.UNAUTHORISED or theirs is None or abs(theirs - at) < SKEW:
        return ""
    way = "ahead of" if theirs > at else "behind"
    return f"Its clock is {round(abs(theirs - at).total_seconds())} s {way} this host's: set both by NTP."


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
