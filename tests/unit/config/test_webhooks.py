"""What a `[[webhook]]` may say."""

from datetime import timedelta

import pytest

from callbridge.app import build
from callbridge.delivery.pace import Pace
from callbridge.hooks import Order

from .conftest import GOOD, WEBHOOK_SECRET, Mistakes, Read

TABLE = '[[webhook]]\nname = "crm"\nurl = "https://crm.example"\nsecret_env = "HOOK"\n'
WHOLE = """\
events = ["call.*"]
pbxs = ["main"]
queues = ["sales*"]
order = "strict"
headers = {X-Tenant = "4711-4711"}
allow_networks = ["10.1.0.0/16"]
rate_per_s = 2.5
old_secret_env = "HOOK"
"""


def test_all_that_is_said_reaches_delivery(read: Read) -> None:
    [crm] = build.subscribers(read(GOOD + TABLE + WHOLE).webhook)

    assert (crm.events, crm.pbxs, crm.queues) == (("call.*",), ("main",), ("sales*",))
    assert (crm.order, crm.rate, crm.allow_networks) == (Order.STRICT, 2.5, ("10.1.0.0/16",))
    assert crm.headers == (("X-Tenant", "4711-4711"),)
    assert (crm.old_secret, crm.old_until) == (WEBHOOK_SECRET, None)


def test_no_header_s_value_is_shown(read: Read) -> None:
    config = read(GOOD + TABLE + WHOLE)
    assert "4711" not in repr(config) + str(config)
    assert "4711" not in config.model_dump_json()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('headers = {Webhook-Id = "x"}', "headers: Webhook-Id is set by callbridge, and the signature rests on it"),
        ('headers = {Connection = "x"}', "headers: Connection is about the connection"),
        ('headers = {X-A = "t0ken\\r\\n"}', "headers: the value of X-A must be one line"),
        ("headers = {X-A = 1}", "headers: must be names with text"),
        ('allow_networks = ["10.1.2.3/16"]', 'allow_networks: "10.1.2.3/16" is no network'),
        ('order = "strickt"', 'order: must be one of call, strict; did you mean "strict"?'),
        ("rate_per_s = 0", "rate_per_s: must be more than 0"),
        ('old_secret = "whsec_short"', "old_secret: is not base64"),
        ('queues = [""]', "queues: must be one line of text"),
    ],
)
def test_what_makes_no_sense_is_told_with_what_to_do(mistakes: Mistakes, line: str, told: str) -> None:
    [mistake] = mistakes(GOOD + TABLE + line + "\n")
    assert f"webhook.{told}" in mistake
    assert "t0ken" not in mistake


def test_an_ed25519_key_is_taken(read: Read) -> None:
    key = "whsk_" + "QUFB" * 10 + "QUE="  # 32 bytes
    config = read(GOOD + TABLE.replace('secret_env = "HOOK"', f'secret = "{key}"'))
    assert config.webhook[0].secret.reveal() == key


def test_how_long_a_failing_subscriber_is_borne_reaches_delivery(read: Read) -> None:
    table = "[delivery]\ndisable_after_days = 2\ndisable_after_tries = 7\nkeep_tries_days = 3\n"
    more = "keep_waiting_days = 4\nkeep_dead_letters_days = 5\n"
    pace = build.pace(read(GOOD + table + more).delivery)
    assert (pace.disable_after, pace.disable_tries, pace.keep_tries) == (timedelta(days=2), 7, timedelta(days=3))
    assert (pace.keep_waiting, pace.keep_dead) == (timedelta(days=4), timedelta(days=5))
    assert build.pace(read(GOOD).delivery) == Pace()
