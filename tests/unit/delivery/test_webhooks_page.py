"""docs/webhooks.md says what is so."""

import re
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from callbridge.calls.events import EventType, call_event
from callbridge.cli.webhook_listen import table
from callbridge.clock import SystemClock
from callbridge.config import Webhook as WebhookConfig
from callbridge.delivery.exchange import ANSWER_MOST
from callbridge.delivery.pace import Pace
from callbridge.delivery.payload import as_json, call_as_json, render
from callbridge.delivery.post import SHOWN_MOST
from callbridge.delivery.retry import ASKED_LEAST, ASKED_MOST, ASKED_RULES, RETRY, SPREAD
from callbridge.delivery.samples import CALL_ID
from callbridge.delivery.signature import Signer
from callbridge.delivery.subscriber import Subscriber
from callbridge.delivery.trial import MARK, PBX

from .calls import AT, a_call
from .test_payload import a_whole_call

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
UNITS = {"s": "seconds", "min": "minutes", "h": "hours"}
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # noqa: S105 - made for this test


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def wait(words: str) -> timedelta:
    number, unit = words.split()
    return timedelta(**{UNITS[unit]: int(number)})


def test_the_table_of_retries_is_the_one_in_the_code() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", section("Retries"), re.MULTILINE)
    told = [(int(number), timedelta(0) if words == "at once" else wait(words)) for number, words in rows]
    assert told == list(enumerate(RETRY, 1))


def test_the_figures_in_the_text_are_those_in_the_code() -> None:
    defaults = Subscriber("crm", "https://crm.example/", SECRET)
    assert ASKED_LEAST.total_seconds() == 1
    assert ASKED_MOST.total_seconds() == 24 * 3600
    assert ASKED_RULES == 5
    assert SPREAD == 0.1
    assert ANSWER_MOST == 16 * 1024
    assert SHOWN_MOST == 200
    assert (defaults.timeout_s, defaults.concurrency) == (15, 8)
    assert (Pace().failures, Pace().rest_s) == (8, (1, 30))
    assert (Pace().keep_waiting, Pace().keep_dead) == (timedelta(days=30), timedelta(days=90))
    assert timedelta(hours=75.5) < sum(RETRY, timedelta(0)) < timedelta(hours=76)
    fields = WebhookConfig.model_fields
    assert (fields["timeout_s"].default, fields["concurrency"].default) == (15, 8)


def test_every_event_is_named_and_no_other() -> None:
    named = re.findall(r"`((?:call|recording|agent|queue|customer|pbx|webhook)\.\w+)`", section("Events"))
    assert set(named) == {kind.value for kind in EventType}


def test_the_call_on_the_page_has_the_keys_of_a_real_one() -> None:
    told: dict[str, Any] = orjson.loads(block("json"))
    real = call_as_json(a_whole_call())
    assert list(told) == list(real)
    assert list(told["legs"][0]) == list(real["legs"][0])
    assert list(told["customer"]) == list(real["customer"])


def test_the_python_on_the_page_takes_what_we_send_and_nothing_else() -> None:
    scope: dict[str, Any] = {}
    exec(compile(block("python"), "webhooks.md", "exec"), scope)  # noqa: S102 - our own page, to see that it is true
    event = call_event(a_call(), EventType.CALL_STARTED, AT)
    headers = Signer(SECRET).headers(event.id, render(event), SystemClock().now())
    assert scope["receive"](SECRET, render(event), headers) == (204, as_json(event))
    assert scope["receive"](SECRET, render(event) + b" ", headers) == (401, None)


def test_day_one_says_what_marks_a_sample() -> None:
    marks = f"begins with `{MARK}` and is another each time; the id of its call is all zeros, and its `pbx` is `{PBX}`"
    assert marks in section("Day one")
    assert f"call_{'0' * 32}" == CALL_ID
    assert CALL_ID in section("Day one")


def test_day_one_prints_the_table_that_listen_prints() -> None:
    printed = table("127.0.0.1", 9000, 'secret = "whsec_…"')
    assert textwrap.indent(printed, "   ") in section("Day one")
