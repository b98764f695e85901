"""The websocket against a PBX that misbehaves."""

import asyncio
import base64
import hashlib
import json
import traceback
from itertools import pairwise

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from callbridge.asterisk.ari import link as link_module
from callbridge.asterisk.ari import wire
from callbridge.asterisk.ari.link import LinkState, backoff
from callbridge.asterisk.ari.stream import Item, LinkDown, LinkUp, Received
from callbridge.errors import PbxError
from tests.unit.asterisk.ari.pbx import (
    PASSWORD,
    Life,
    Pbx,
    bare,
    cuts,
    event,
    leaves,
    listening,
    says,
    serving,
    settings,
    stays,
    taken,
    until,
)

WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def values(items: list[Item]) -> list[str]:
    return [item.message.body["value"] for item in items if isinstance(item, Received)]


async def test_events_arrive_in_order_after_the_link_is_up() -> None:
    async with serving(Pbx(lives=[says(*map(event, range(500)))])) as pbx, listening(settings(pbx.url)) as link:
        items = await taken(link, 501)

        assert isinstance(items[0], LinkUp)
        assert values(items[1:]) == [str(n) for n in range(500)]
        assert link.status.state is LinkState.UP
        assert (link.status.received, link.status.connects) == (500, 1)


async def test_it_asks_for_everything_and_shows_its_password_in_the_header_only() -> None:
    async with serving(Pbx(lives=[stays])) as pbx, listening(settings(pbx.url, app="desk 1")) as link:
        await taken(link, 1)

    (request,) = pbx.asked
    assert dict(request.query) == {"app": "desk 1", "subscribeAll": "true"}
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"callbridge:{PASSWORD}".encode()).decode()
    assert PASSWORD not in str(request.url)


@pytest.mark.parametrize(("life", "why"), [(leaves, "closed the ARI link (code 1001)"), (cuts, "cut")])
async def test_a_lost_link_is_told_and_made_again(life: Life, why: str) -> None:
    async with serving(Pbx(lives=[life, says(event(7))])) as pbx, listening(settings(pbx.url)) as link:
        up, down, again, received = await taken(link, 4)

    assert isinstance(up, LinkUp)
    assert isinstance(down, LinkDown)
    assert why in str(down.reason)
    assert isinstance(again, LinkUp)
    assert up.at <= down.at <= again.at
    assert values([received]) == ["7"]


@pytest.mark.patient
async def test_a_dead_peer_is_found_by_a_ping_without_answer() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        while await reader.read(1000):  # pings are heard, and never answered
            pass

    async with bare(mute) as url, listening(settings(url, heartbeat_s=0.2)) as link:
        up, down = await taken(link, 2)

    assert isinstance(up, LinkUp)
    assert isinstance(down, LinkDown)
    assert "no answer to a ping" in str(down.reason)
    assert (down.at - up.at).total_seconds() > 0.25


@pytest.mark.patient
async def test_a_quiet_peer_that_answers_pings_is_kept() -> None:
    pings = 0

    async def quiet(websocket: web.WebSocketResponse) -> None:
        nonlocal pings
        while not websocket.closed:
            frame = await websocket.receive()
            if frame.type is web.WSMsgType.PING:
                pings += 1
                await websocket.pong(frame.data)
            elif frame.type is not web.WSMsgType.PONG:
                return

    class Counting(Pbx):
        async def _websocket(self, request: web.Request) -> web.StreamResponse:
            websocket = web.WebSocketResponse(autoping=False)
            await websocket.prepare(request)
            await quiet(websocket)
            return websocket

    async with serving(Counting()) as pbx, listening(settings(pbx.url, heartbeat_s=0.1)) as link:
        await until(lambda: pings >= 5)

        assert link.status.state is LinkState.UP
        assert link.status.connects == 1


@pytest.mark.patient
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_password_is_an_alarm_and_retried_slowly(status: int) -> None:
    refusals = [web.json_response({"message": "no"}, status=status) for _ in range(2)]
    async with (
        serving(Pbx(lives=[stays], refusals=refusals)) as pbx,
        listening(settings(pbx.url, refused_s=0.4, retry_first_s=0.001)) as link,
    ):
        await until(lambda: link.status.state is LinkState.REFUSED)
        assert "password" in (link.status.last_error or "")
        await taken(link, 1)

    first, second, third = pbx.asked_at
    assert second - first >= 0.4
    assert third - second >= 0.4


async def test_a_missing_ari_is_told_clearly_and_tried_again_soon() -> None:
    # Asterisk that is still loading its modules answers so, too: no alarm, no long rest.
    refusals = [web.Response(status=404, text="<html>Not Found</html>", content_type="text/html")]
    async with (
        serving(Pbx(lives=[stays], refusals=refusals)) as pbx,
        listening(settings(pbx.url, retry_first_s=0.2)) as link,
    ):
        await until(lambda: link.status.state is LinkState.WAITING)
        assert "ari.conf" in (link.status.last_error or "")
        await taken(link, 1)


async def test_a_redirect_is_not_followed() -> None:
    elsewhere = Pbx(lives=[stays])
    async with serving(elsewhere) as other:
        refusals = [web.Response(status=307, headers={"Location": f"{other.url}/events?app=x"}) for _ in range(3)]
        async with serving(Pbx(lives=[stays], refusals=refusals)) as pbx, listening(settings(pbx.url)) as link:
            await until(lambda: link.status.last_error is not None)
            assert "redirect" in (link.status.last_error or "")
            await taken(link, 1)

    assert elsewhere.asked == []


async def test_another_program_with_our_name_is_an_alarm_not_a_fight() -> None:
    replaced = json.dumps({"type": "ApplicationReplaced", "application": "callbridge"})
    async with serving(Pbx(lives=[says(replaced)])) as pbx, listening(settings(pbx.url, refused_s=60)) as link:
        up, told, down = await taken(link, 3)
        await until(lambda: link.status.state is LinkState.REFUSED)

    assert isinstance(up, LinkUp)
    assert isinstance(told, Received)
    assert isinstance(down, LinkDown)
    assert "callbridge" in str(down.reason)
    assert len(pbx.asked) == 1


async def test_rubbish_between_events_is_counted_and_costs_nothing_else() -> None:
    life = says(event(1), "{", "[]", '{"type":null}', '{"type":"Y","value":"' + "y" * 1_100_000 + '"}', event(2))
    async with serving(Pbx(lives=[life])) as pbx, listening(settings(pbx.url)) as link:
        items = await taken(link, 3)

        assert values(items) == ["1", "2"]
        assert link.status.last_oddity == '{"type":"Y","value":"' + "y" * 179
        assert link.status.oddities == {"no_json": 1, "no_object": 1, "no_type": 1, "too_long": 1}
        assert link.status.connects == 1


async def test_bytes_that_are_no_utf8_do_not_cost_the_link() -> None:
    async def life(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await upgrade(reader, writer)
        body = b'{"type":"X","value":"\xd0\x98\xd0"}'
        writer.write(bytes((0x81, len(body))) + body)
        await reader.read()

    async with bare(life) as url, listening(settings(url)) as link:
        assert values(await taken(link, 2)) == ["И\N{REPLACEMENT CHARACTER}"]
        assert link.status.connects == 1


async def test_a_frame_past_all_bounds_drops_the_link_and_it_comes_back() -> None:
    async def floods(websocket: web.WebSocketResponse) -> None:
        await websocket.send_str("x" * (link_module.MAX_FRAME_BYTES + 1))
        await stays(websocket)

    async with serving(Pbx(lives=[floods, stays])) as pbx, listening(settings(pbx.url)) as link:
        _, down, again = await taken(link, 3)

    assert isinstance(down, LinkDown)
    assert str(link_module.MAX_FRAME_BYTES) in str(down.reason)
    assert isinstance(again, LinkUp)


async def test_a_reader_that_falls_behind_drops_the_link_and_loses_nothing_silently() -> None:
    lives = [says(*map(event, range(100))), says(event(1000))]
    async with serving(Pbx(lives=lives)) as pbx, listening(settings(pbx.url, queue_size=10)) as link:
        await until(lambda: link.status.state is LinkState.WAITING)
        assert link.depth == 11  # LinkUp, nine events, LinkDown
        assert link.status.connects == 1

        kept = await taken(link, 11)
        after = await taken(link, 2)

    assert values(kept) == [str(n) for n in range(9)]
    assert isinstance(kept[-1], LinkDown)
    assert isinstance(after[0], LinkUp)
    assert values(after) == ["1000"]


async def test_it_does_not_connect_again_while_the_reader_is_still_behind() -> None:
    async with (
        serving(Pbx(lives=[says(*map(event, range(100)))])) as pbx,
        listening(settings(pbx.url, queue_size=10, retry_first_s=0.001, retry_most_s=0.001)) as link,
    ):
        await until(lambda: link.status.state is LinkState.WAITING)
        await asyncio.sleep(0.1)  # fifty times its retry: the absence of a try is the point
        assert len(pbx.asked) == 1


async def test_a_peer_that_never_answers_the_upgrade_is_given_up() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with bare(silent) as url, listening(settings(url, connect_s=0.1)) as link:
        await until(lambda: link.status.state is LinkState.WAITING)

        assert "in time" in (link.status.last_error or "")


async def test_a_peer_that_speaks_no_http_is_told_as_unreachable() -> None:
    async def ami(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        await writer.drain()

    async with bare(ami) as url, listening(settings(url)) as link:
        await until(lambda: link.status.last_error is not None)

        assert "cannot be reached" in (link.status.last_error or "")


@pytest.mark.patient
async def test_a_link_that_opens_and_falls_at_once_is_not_hammered() -> None:
    async with (
        serving(Pbx(lives=[leaves])) as pbx,
        listening(settings(pbx.url, retry_first_s=0.1, retry_most_s=60)) as link,
    ):
        await taken(link, 7)

    rests = [later - sooner for sooner, later in pairwise(pbx.asked_at)]
    assert len(rests) >= 3
    assert rests[0] >= 0.05  # 0.1 s, halved by the steady clock's want of chance
    assert rests[1] >= 0.1
    assert rests[2] >= 0.2


async def test_a_stopped_link_says_so_and_frames_its_gap() -> None:
    async with serving(Pbx(lives=[stays])) as pbx:
        async with listening(settings(pbx.url)) as link:
            await taken(link, 1)
        (down,) = await taken(link, 1)

    assert isinstance(down, LinkDown)
    assert link.status.state is LinkState.STOPPED


async def test_no_error_carries_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[BaseException] = []
    refuse = wire.refusal

    def spy(status: int, answer: bytes, asked: str) -> PbxError:
        error = refuse(status, answer, asked)
        seen.append(error)
        return error

    monkeypatch.setattr(wire, "refusal", spy)
    refusals = [web.Response(status=401)]
    async with serving(Pbx(lives=[stays], refusals=refusals)) as pbx, listening(settings(pbx.url)) as link:
        await until(lambda: bool(seen))
        assert PASSWORD not in repr(link.status)

    (error,) = seen
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert PASSWORD not in "".join(traceback.format_exception(error)) + repr(error)


async def test_take_waits_for_something_and_gives_no_more_than_asked() -> None:
    async with serving(Pbx(lives=[says(*map(event, range(10)))])) as pbx, listening(settings(pbx.url)) as link:
        await until(lambda: link.depth == 11)

        assert [len(await link.take(4)) for _ in range(3)] == [4, 4, 3]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(link.take(1), 0.05)


@hypothesis_settings(deadline=None)  # a loaded machine is no finding
@given(st.integers(0, 10_000), st.floats(0.01, 5), st.floats(5, 300), st.floats(0, 1, exclude_max=True))
def test_backoff_grows_within_its_bounds(failures: int, first: float, most: float, jitter: float) -> None:
    pause = backoff(failures, first, most, jitter)

    assert first / 2 <= pause <= most
    assert pause <= backoff(failures + 1, first, most, jitter)


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer a websocket's handshake by hand."""
    asked = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    key = next(line.split(": ")[1] for line in asked if line.lower().startswith("sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1((key + WEBSOCKET).encode(), usedforsecurity=False).digest()).decode()
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
    )
    await writer.drain()


async def test_a_mad_peer_does_not_fill_the_log() -> None:
    life = says(*["{"] * 1000, event())
    with capture_logs() as lines:
        async with serving(Pbx(lives=[life])) as pbx, listening(settings(pbx.url)) as link:
            await taken(link, 2)

            assert link.status.oddities == {"no_json": 1000}

    assert [line["action"] for line in lines].count("ari.oddity") == 10  # the 1st, 2nd, 4th … 512th
