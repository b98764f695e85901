"""What `status`, the health checks and systemd are told: one truth in three lengths."""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from callbridge.api.status import ConfigStatus, DatabaseStatus, NoticeStatus, StreamStatus, SubscriberStatus
from callbridge.app import state
from callbridge.app.backfill import Backfill
from callbridge.app.hearing import Gap, Hearing
from callbridge.asterisk.ami.link import AmiLink, LinkState
from callbridge.asterisk.ami.settings import AmiSettings, Login
from callbridge.calls import facts as f
from callbridge.calls.tracker import Tracker
from callbridge.clock import SystemClock
from callbridge.directory.source import SourceHealth
from callbridge.errors import LoginRefused

CLOCK = SystemClock()
NOW = CLOCK.now()


async def nowhere(facts: Sequence[f.Fact]) -> None:
    raise AssertionError(facts)


@pytest.fixture
def hearing() -> Hearing:
    """A PBX that is heard."""
    link = AmiLink(AmiSettings("127.0.0.1", Login("callbridge", SecretStr("hush"))), CLOCK)
    link._state = LinkState.UP
    return Hearing("main", link, None, nowhere, CLOCK)


def parts(hearing: Hearing, **other: Any) -> state.Parts:
    known: dict[str, Any] = {
        "started_at": NOW,
        "tracker": Tracker({}),
        "hearings": [hearing],
        "subscribers": [],
        "database": DatabaseStatus(url="sqlite", ok=True),
        "http": "127.0.0.1:8700",
        "config": ConfigStatus(),
    }
    return state.Parts(**known | other)


def refuse(hearing: Hearing) -> None:
    hearing.ami._state = LinkState.REFUSED
    hearing.ami._last_error = LoginRefused("The PBX refuses us. Look there.")


def test_all_is_well(hearing: Hearing) -> None:
    now = parts(hearing)

    assert state.whole(now).degraded == ()
    assert state.one_line(now) == "hearing main"
    assert state.health(now, alive=True).not_ready == ()


def test_a_pbx_that_is_not_heard_is_told_with_the_reason_and_never_as_heard(hearing: Hearing) -> None:
    refuse(hearing)
    now = parts(hearing)

    assert state.whole(now).degraded == ("PBX main is not heard: The PBX refuses us. Look there.",)
    assert state.one_line(now) == "PBX main is not heard: The PBX refuses us. Look there."


def test_a_crm_that_is_left_alone_is_told_with_the_reason_and_the_others_are_not(hearing: Hearing) -> None:
    sources = (SourceHealth("own", 7), SourceHealth("crm", 9, 5, resting=True, last_error="crm answers 500. Why?"))
    now = state.whole(parts(hearing, sources=sources))

    assert now.degraded == ("The directory's source crm does not answer: crm answers 500. Why?",)
    assert [(each.name, each.asked, each.failed, each.resting) for each in now.sources] == [
        ("own", 7, 0, False),
        ("crm", 9, 5, True),
    ]
    assert state.health(parts(hearing, sources=sources), alive=True).not_ready == ()


def test_what_made_no_sense_is_counted(hearing: Hearing) -> None:
    tracker = Tracker({})
    for _ in range(2):
        tracker.apply(f.ChannelGone("main", NOW, "1795341600.1"))

    assert state.whole(parts(hearing, tracker=tracker)).oddities == {"hang-up of an unknown channel": 2}


def test_strangers_hear_what_is_missing_and_not_why(hearing: Hearing) -> None:
    refuse(hearing)
    broken = DatabaseStatus(url="sqlite", ok=False, last_error="/var/lib/callbridge is full")

    assert state.health(parts(hearing, database=broken), alive=True).not_ready == ("pbx main", "database")


def test_a_gap_that_could_not_be_told_is_told_with_what_to_do(hearing: Hearing) -> None:
    hearing.backfill = cast("Backfill", SimpleNamespace(error="/cel/Master.csv cannot be read: Permission denied."))
    now = state.whole(parts(hearing))

    assert now.pbxs[0].cel_error == "/cel/Master.csv cannot be read: Permission denied."
    (why,) = now.degraded
    assert why.startswith("What PBX main did in the last gap is not told, for its CEL cannot be read: /cel/Master.csv")
    assert why.endswith("Permission denied. `callbridge check` tries it; `callbridge audit` lists what is untold")
    assert state.health(parts(hearing), alive=True).not_ready == (), "live calls are told all the same"


def test_a_link_is_down_since_it_was_lost_and_not_since_the_last_try(hearing: Hearing) -> None:
    refuse(hearing)
    assert state.ami_status(hearing).since == hearing.since

    hearing.gap = Gap(NOW)
    assert state.ami_status(hearing).since == NOW


def test_a_deaf_pbx_and_one_whose_state_is_unknown_are_no_healthy_ones(hearing: Hearing) -> None:
    hearing.deaf = True
    assert state.one_line(parts(hearing)).startswith("PBX main has calls and tells of none: give our user read = ")
    assert state.health(parts(hearing), alive=True).not_ready == ("pbx main",)

    hearing.resync_error = "The PBX refused CoreStatus."
    assert state.one_line(parts(hearing)) == "The state of PBX main could not be read: The PBX refused CoreStatus."


def test_a_subscriber_that_fails_for_seconds_is_told_and_one_that_failed_once_is_not(hearing: Hearing) -> None:
    late = SubscriberStatus(name="crm", backlog=1, oldest_s=6.0, last_error="it answered 500")
    brief = SubscriberStatus(name="bi", backlog=1, oldest_s=0.1, last_error="it answered 500")
    now = parts(hearing, subscribers=[late, brief])

    assert state.whole(now).degraded == ("Subscriber crm is behind by 1 event: it answered 500",)
    assert state.health(now, alive=True).not_ready == ()


def test_a_paused_subscriber_is_told_and_a_disabled_one_as_such_with_what_to_do(hearing: Hearing) -> None:
    at = datetime(2026, 11, 22, 10, 5, 59, tzinfo=UTC)
    by_ana = SubscriberStatus(name="bi", paused=True, paused_why="paused by ana", paused_at=at)
    gone = SubscriberStatus(
        name="crm", paused=True, paused_why="it answered 410 Gone", paused_at=at, disabled=True, backlog=2
    )

    assert state.whole(parts(hearing, subscribers=[by_ana, gone])).degraded == (
        (
            "Subscriber bi is paused since 2026-11-22 10:05 UTC: paused by ana. "
            "Its events wait; to go on: callbridge webhook resume bi"
        ),
        (
            "Subscriber crm is disabled since 2026-11-22 10:05 UTC: it answered 410 Gone. "
            "Its events wait; once it works: callbridge webhook resume crm"
        ),
    )


def test_a_configuration_that_was_refused_is_told_and_one_that_waits_is_no_trouble(hearing: Hearing) -> None:
    refused = ConfigStatus(refused=("c.toml:3: pbx.id: is missing", "c.toml:4: lgo: is an unknown key"))
    waiting = ConfigStatus(needs_restart=("pbx.main.ami.port",))

    assert state.whole(parts(hearing, config=refused)).degraded == (
        "The configuration was changed, but not taken: c.toml:3: pbx.id: is missing; c.toml:4: lgo: is an unknown key",
    )
    assert state.whole(parts(hearing, config=waiting)).degraded == ()


def test_without_a_worker_nothing_is_delivered_and_that_is_said(hearing: Hearing) -> None:
    stream = StreamStatus(connected=True, undelivered=True)

    assert state.whole(parts(hearing, stream=stream)).degraded == (
        "Nothing is delivered, for there is no worker. Start one: callbridge dispatch",
    )


def test_mails_that_wait_for_a_server_are_trouble_and_one_that_nobody_took_is_none(hearing: Hearing) -> None:
    away = NoticeStatus(waiting=2, unreachable="No mail server listens on smtp.example:587.", last_error="away")
    refused = NoticeStatus(waiting=1, given_up=1, last_error="550 no such user")

    assert state.whole(parts(hearing, notice=away)).degraded == (
        "E-mails about missed calls wait: No mail server listens on smtp.example:587.",
    )
    assert state.whole(parts(hearing, notice=refused)).degraded == ()
    assert state.whole(parts(hearing, notice=NoticeStatus(unreachable="away"))).degraded == ()


def test_a_stream_that_is_away_is_said_with_its_reason(hearing: Hearing) -> None:
    stream = StreamStatus(connected=False, last_error="Nothing listens there.")

    (why,) = state.whole(parts(hearing, stream=stream)).degraded

    assert why == "The stream is away, so events come later, from the database: Nothing listens there."
