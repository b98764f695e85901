import pytest

from callbridge.config import changes

from .conftest import GOOD, WEBHOOK_SECRET, Read

WEBHOOK = '[[webhook]]\nname = "crm"\nurl = "https://crm.example"\nsecret_env = "HOOK"\n'
OTHER = WEBHOOK.replace('"crm"', '"other"')
LOOK_UP = '[directory]\nsources = ["sap"]\n[[directory.lookup]]\nname = "sap"\nurl = "https://sap.example"\n'
SECOND_PBX = GOOD.partition("\n")[2].replace("main", "second")


@pytest.mark.parametrize(
    ("old", "new", "live", "restart"),
    [
        (GOOD, GOOD, (), ()),
        (GOOD, GOOD + '[log]\nlevel = "debug"\n', ("log.level",), ()),
        (GOOD, GOOD + '[log]\nformat = "json"\n', (), ("log.format",)),
        (GOOD, GOOD + WEBHOOK, ("webhook.crm",), ()),
        (GOOD, GOOD + "[limits]\ninbound_s = 60\n", ("limits.inbound_s",), ()),
        (GOOD + "[limits]\nqueues.sales = 60\n", GOOD + "[limits]\nqueues.sales = 61\n", ("limits.queues",), ()),
        (
            GOOD,
            GOOD + '[missed]\nivr = false\nrecovered_when = "dialled"\n',
            ("missed.ivr", "missed.recovered_when"),
            (),
        ),
        (GOOD, GOOD + "[delivery]\nkeep_tries_days = 3\n", ("delivery.keep_tries_days",), ()),
        (GOOD, GOOD + "[http]\nmax_streams = 3\nrequests_burst = 7\n", ("http.requests_burst", "http.max_streams"), ()),
        (GOOD + WEBHOOK, GOOD, ("webhook.crm",), ()),
        (GOOD, GOOD + LOOK_UP, ("directory.sources", "directory.lookup.sap"), ()),
        (GOOD + LOOK_UP, GOOD + LOOK_UP + "deadline_s = 2.0\n", ("directory.lookup.sap.deadline_s",), ()),
        (GOOD, GOOD + '[directory]\ncache_s = 1\ncountry = "BR"\n', ("directory.cache_s",), ("directory.country",)),
        (GOOD + WEBHOOK, GOOD + WEBHOOK + "enabled = false\n", ("webhook.crm.enabled",), ()),
        (GOOD + WEBHOOK + OTHER, GOOD + OTHER + WEBHOOK, (), ()),
        (GOOD, GOOD + "port = 5039\n", (), ("pbx.main.ami.port",)),
        (GOOD, GOOD + '[pbx.ari]\npassword_env = "AMI"\n', (), ("pbx.main.ari",)),
        (GOOD + '[pbx.ari]\npassword_env = "AMI"\n', GOOD, (), ("pbx.main.ari",)),
        (GOOD, GOOD + SECOND_PBX, (), ("pbx.second",)),
        (GOOD, GOOD.replace('"main"', '"head"'), (), ("pbx.main", "pbx.head")),
        (GOOD, GOOD + '[http]\nlisten = "127.0.0.1:1"\n' + WEBHOOK, ("webhook.crm",), ("http.listen",)),
    ],
)
def test_a_reload_tells_what_applies_at_once_and_what_waits(
    read: Read, old: str, new: str, live: tuple[str, ...], restart: tuple[str, ...]
) -> None:
    assert changes(read(old), read(new)) == (live, restart)


def test_a_secret_that_was_rotated_is_a_change_and_is_not_shown(read: Read) -> None:
    rotated = WEBHOOK.replace('secret_env = "HOOK"', f'secret = "{WEBHOOK_SECRET.replace("QUFB", "QUJB")}"')
    live, restart = changes(read(GOOD + WEBHOOK), read(GOOD + rotated))
    assert live == ("webhook.crm.secret", "webhook.crm.secret_env")
    assert restart == ()
