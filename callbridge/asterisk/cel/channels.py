"""CEL rows about one channel: it begins, is dialled, is up, hangs up, is no more."""

from collections.abc import Iterator, Mapping
from typing import Final

from callbridge.asterisk.cel import fates
from callbridge.asterisk.cel.row import CelRow, text
from callbridge.asterisk.cel.walk import Seen, Walk, is_placed
from callbridge.asterisk.from_ami import QUOTED_PAIR
from callbridge.calls import facts as f

STATUSES: Final[Mapping[int, str]] = {
    3: "CHANUNAVAIL",
    17: "BUSY",
    18: "NOANSWER",
    19: "NOANSWER",
    20: "CHANUNAVAIL",
    26: "CANCEL",
    34: "CONGESTION",
    38: "CONGESTION",
    41: "CONGESTION",
    42: "CONGESTION",
    44: "CONGESTION",
    127: "CANCEL",
}
"""Cause of a called phone's end → the dial status AMI would give; NOANSWER for any other."""


def started(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel is there: it calls, or is called by somebody."""
    life = walk.life(row)
    seen.dialled = row.channel != row.linkedid or is_placed(row, life)
    shown = (row.number, name_of(row), row.exten or None)
    yield f.ChannelBorn(walk.pbx, row.at, row.channel, row.name, row.linkedid, not seen.dialled, *shown)
    half = walk.other_half(row)
    if half is not None:
        yield from paired(walk, half, row)
    elif seen.dialled and not walk.asks(seen, row):
        source = walk.dialler(seen, row)
        dialled = dial_string(row.name, walk.arguments_of(source))
        yield f.DialBegan(walk.pbx, row.at, row.channel, source, dialled)
    if seen.dialled and life.rang:
        yield f.ChannelRang(walk.pbx, row.at, row.channel)


def paired(walk: Walk, half: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A Local channel is whole; one that is made to ask somebody says so of both halves."""
    if half.asked_by is not None:
        yield f.ConsultationBegan(walk.pbx, row.at, half.channel, half.asked_by)
        yield f.ConsultationBegan(walk.pbx, row.at, row.channel, half.asked_by)
    yield f.LocalJoined(walk.pbx, row.at, half.channel, row.channel)


def answered(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel is up."""
    yield f.ChannelUp(walk.pbx, row.at, row.channel)
    if seen.dialled and not seen.up:
        yield f.DialEnded(walk.pbx, row.at, row.channel, seen.by, "ANSWER")
    seen.up = True


def who_hung_up(walk: Walk, row: CelRow) -> Iterator[f.Fact]:
    """Say who hung up, before anything comes of it."""
    source = walk.named(fates.source_of(row))
    if source is not None and not source.handed_on and not is_refused(walk, source, row):
        yield f.HangupAsked(walk.pbx, row.at, source.channel)


def ended(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """A channel is no more."""
    seen.over = True
    cause = fates.cause_of(row)
    if seen.dialled and not seen.up:
        yield from given_up(walk, seen, row)
        yield f.DialEnded(walk.pbx, row.at, row.channel, seen.by, STATUSES.get(cause or 0, "NOANSWER"))
    status = text(row, "dialstatus")
    if status not in {None, "ANSWER"}:
        yield f.DialFailed(walk.pbx, row.at, row.channel, status or "")
    yield f.ChannelGone(walk.pbx, row.at, row.channel, cause)


def given_up(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Say that whoever dials hung up: a phone may stop ringing some rows before its caller's end."""
    life = walk.fates.lives.get(seen.by or "")
    if seen.by is not None and life is not None and life.gives_up and walk.ends_by(seen.by, row.at):
        yield f.HangupAsked(walk.pbx, row.at, seen.by)


def forgotten(walk: Walk, seen: Seen, row: CelRow) -> Iterator[f.Fact]:
    """Forget a channel; where HANGUP is not in cel.conf's events= this is its end."""
    walk.forget(seen)
    if not seen.over:
        yield f.ChannelGone(walk.pbx, row.at, row.channel)


def is_refused(walk: Walk, source: Seen, row: CelRow) -> bool:
    """Tell whether a caller who seems to hang up was refused: their Dial failed, and was not taken back.

    The phones it called are taken down by threads of their own, under load after their caller (22.10).
    """
    failed = text(row, "dialstatus") not in {None, "CANCEL", "ANSWER"}
    return source.channel == row.channel and failed and walk.calls_somebody(source.channel)


def name_of(row: CelRow) -> str | None:
    r"""Return a caller's name as the caller wrote it: PJSIP hands on the `\"` of SIP's quoted strings."""
    name = row.caller_name
    return QUOTED_PAIR.sub(r"\1", name) if name and row.name.startswith("PJSIP/") else name


def dial_string(name: str, arguments: str) -> str | None:
    """Return what was dialled to reach the channel `name`, out of Dial's arguments; None where they do not say."""
    technology, _, rest = name.partition("/")
    device = rest.rpartition("-")[0]
    devices = [each.partition("/") for each in arguments.partition(",")[0].split("&")]
    return next((where for kind, _, where in devices if kind == technology and device in where), None)
