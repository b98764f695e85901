#!/usr/bin/env python3
"""A CRM's side of callbridge in one file: take each event, verify it, show it as one coloured line.

    pip install aiohttp standardwebhooks
    python sample_crm.py --secret-file crm.secret --listen 127.0.0.1:9000

and in callbridge.toml, with the same secret (`whsec_` and 24 to 64 random bytes in base64):

    [[webhook]]
    name = "crm"
    url = "http://127.0.0.1:9000/"
    secret_file = "/etc/callbridge/crm.secret"
    allow_private = true        # this address is inside the house

Colours show on a terminal; NO_COLOR=1 leaves them out, FORCE_COLOR=1 keeps them in a pipe.
"""

import argparse
import asyncio
import os
import sys
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

REMEMBERED = 10_000
"""Event ids kept, to know again what is delivered twice. A real CRM keeps them in its database."""

COLOURS = {
    "call.started": "36",
    "call.queued": "35",
    "call.ringing": "33",
    "call.answered": "1;32",
    "call.ended": "36",
    "call.left_queue": "33",
    "call.missed": "1;31",
    "call.recovered": "1;32",
    "refused": "1;31",
}
DIM, GOOD, BAD, OTHER = "2", "32", "31", "34"
SPANS = {"waited": "wait_s", "rang": "ring_s", "held": "hold_s", "talked": "talk_s"}


class SampleCrm:
    """Answers 204 to what it took, 401 to what nobody signed: callbridge tries that again later."""

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()  # the bytes as they came: the signature is over these, not over JSON written anew
        try:
            event = self._webhook.verify(body, dict(request.headers))
        except (WebhookVerificationError, ValueError) as error:
            show(paint("refused", f"from {request.remote}: {error}"))
            return web.Response(status=401)
        if self._is_new(request.headers["webhook-id"]):
            show(line(event))
        return web.Response(status=204)

    def _is_new(self, event_id: str) -> bool:
        """Delivery is at least once: the same event may come twice, always with the same id."""
        if event_id in self._seen:
            return False
        self._seen[event_id] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True


def line(event: dict[str, Any]) -> str:
    """Return an event on one line: when, what, who, and how it stands."""
    kind, data = event["type"], event["data"]
    at = datetime.fromisoformat(event["timestamp"]).astimezone()
    told = [f"{at:%H:%M:%S}", paint(kind, f"{kind:<15}")]
    if "call" in data:
        call = data["call"]
        told += [f"{party(call['from'])} → {party(call['to'])}", *standing(call)]
        if kind == "call.recovered":
            told.append(paint(GOOD, f"recovered after {data['recovery_s']:.1f} s"))
    else:  # about the PBX, a queue or an agent
        told.append(f"PBX {data['pbx']}")
    return "  ".join(told)


def party(someone: dict[str, Any]) -> str:
    """Return the name, as far as it is known, and the number."""
    number = someone["extension"] or someone.get("number") or someone.get("raw") or "no number"
    return printable(f"{someone['name']} {number}" if someone["name"] else number)


def standing(call: dict[str, Any]) -> Iterator[str]:
    """Yield the customer, the queue, the agent, the outcome and the seconds, where there are any."""
    customer = call["customer"]
    if customer["match"] == "one":
        yield f"customer {printable(customer['name'] or customer['id'])}"
    elif customer["match"] == "many":
        yield f"one of {len(customer['candidates'])} customers"
    if call["queue"]:
        yield f"queue {printable(call['queue'])}"
    if call["agent"] and call["answered_at"]:
        yield f"agent {party(call['agent'])}"
    if call["ended_at"]:
        outcome = f"{call['state']} ({call['reason']})" if call["reason"] else call["state"]
        yield paint(GOOD if call["answered_at"] else BAD, outcome)
    if call["ended_at"] or call["state"] == "answered":
        spans = [f"{word} {call[key]:.1f} s" for word, key in SPANS.items() if call[key]]
        yield paint(DIM, ", ".join(spans))


def paint(kind: str, text: str) -> str:
    """Return `text` in the colour of a kind of event, or in a colour."""
    if not coloured():
        return text
    colour = COLOURS.get(kind, kind if kind.isdecimal() else OTHER)
    return f"\x1b[{colour}m{text}\x1b[0m"


def coloured() -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def printable(text: str) -> str:
    """A caller chooses the caller's name: nothing in it may steer a terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)


def show(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - printing is what it does


async def serve(crm: SampleCrm, host: str, port: int) -> None:
    application = web.Application()
    application.router.add_post("/{path:.*}", crm.receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    address, free_port = runner.addresses[0][:2]
    show(f"listening on http://{address}:{free_port}/")
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="Show callbridge's events, one line each.")
    parser.add_argument("--secret-file", type=Path, required=True, help="holds the subscriber's whsec_… secret")
    parser.add_argument("--listen", default="127.0.0.1:9000", help="host:port; port 0 takes a free one")
    given = parser.parse_args()
    host, _, port = given.listen.rpartition(":")
    try:
        asyncio.run(serve(SampleCrm(given.secret_file.read_text().strip()), host, int(port)))
    except (OSError, ValueError) as error:  # no such file, no secret in it, or the port is taken
        parser.error(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
