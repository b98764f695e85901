"""ARI's REST against a server that misbehaves."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from callbridge.asterisk.ari.answers import AsteriskInfo, StoredRecording
from callbridge.asterisk.ari.rest import CHUNK_BYTES, VARIABLE, AriRest, _part, open_rest
from callbridge.errors import ActionFailed, LoginRefused, PbxError, PbxUnreachable, ProtocolError, UnsafeValue
from tests.unit.asterisk.ari.pbx import PASSWORD, Answer, Pbx, SteadyClock, bare, serving, settings


def gives(answer: Any, status: int = 200) -> Answer:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response(answer, status=status)

    return handler


@asynccontextmanager
async def asking(answer: Answer, **changes: Any) -> AsyncIterator[tuple[AriRest, Pbx]]:
    async with serving(Pbx(answer=answer)) as pbx, open_rest(settings(pbx.url, **changes), SteadyClock()) as rest:
        yield rest, pbx


async def whole(rest: AriRest, name: str) -> bytes:
    return b"".join([piece async for piece in rest.stored_recording_file(name)])


async def test_the_password_goes_into_the_header_and_no_proxy_hears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    async with asking(gives({"ping": "pong", "timestamp": "2026-11-22T12:51:10.718+0000"})) as (rest, pbx):
        at = await rest.ping()

    assert at == datetime(2026, 11, 22, 12, 51, 10, 718000, tzinfo=UTC)
    (request,) = pbx.asked
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(f"callbridge:{PASSWORD}".encode()).decode()
    assert request.path_qs == "/ari/asterisk/ping"


async def test_the_info_says_which_life_of_which_asterisk_it_is() -> None:
    told = {
        "system": {"version": "22.10.1"},
        "status": {"startup_time": "2026-11-22T12:46:00.369+0000", "last_reload_time": "2026-11-22T12:46:01.000+0000"},
    }
    async with asking(gives(told)) as (rest, _):
        assert await rest.asterisk_info() == AsteriskInfo(
            "22.10.1",
            datetime(2026, 11, 22, 12, 46, 0, 369000, tzinfo=UTC),
            datetime(2026, 11, 22, 12, 46, 1, tzinfo=UTC),
        )


async def test_channels_are_listed_and_nonsense_among_them_left_out() -> None:
    one = {"id": "1.2", "name": "PJSIP/a-1", "state": "Up", "caller": {"name": "Иван", "number": "1"}, "connected": 7}
    async with asking(gives([one, {}, 5, {"id": ["x"]}])) as (rest, _):
        (channel,) = await rest.channels()

    assert (channel.id, channel.caller_name, channel.connected_number, channel.created_at) == ("1.2", "Иван", "", None)


async def test_a_variable_is_read_and_one_that_is_not_there_is_none() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.query["variable"] == "FOO":
            return web.json_response({"value": "bär"})
        return web.json_response({"message": "Provided variable was not found"}, status=404)

    async with asking(handler) as (rest, pbx):
        assert await rest.variable("main/1.2", "FOO") == "bär"
        assert await rest.variable("main/1.2", "CHANNEL(state)") is None

    assert pbx.raw_paths[0] == "/ari/channels/main%2F1.2/variable?variable=FOO"


@pytest.mark.parametrize(
    "name",
    ["SHELL(id)", "FILE(/etc/passwd)", "CURL(http://x)", "", "a b", "A&variable=B", "X\n", "CHANNEL(${SHELL(id)})"],
)
async def test_a_name_that_could_do_something_is_refused_before_it_is_asked(name: str) -> None:
    async with asking(gives({"value": "0"})) as (rest, pbx):
        with pytest.raises(UnsafeValue):
            await rest.variable("1.2", name)

    assert pbx.asked == []
    assert not VARIABLE.fullmatch(name)


@pytest.mark.parametrize(
    ("answer", "status", "runs"),
    [
        ({"name": "res_x.so", "status": "Running"}, 200, True),
        ({"name": "res_x.so", "status": "Not Running"}, 200, False),
        ({"message": "Module could not be found in running modules"}, 404, False),
    ],
    ids=["loaded", "not running", "left out"],
)
async def test_a_module_runs_or_does_not(answer: dict[str, str], status: int, *, runs: bool) -> None:
    async with asking(gives(answer, status)) as (rest, pbx):
        assert await rest.module_runs("res_x.so") is runs

    assert pbx.raw_paths == ["/ari/asterisk/modules/res_x.so"]


async def test_a_recording_in_a_folder_is_found_under_one_quoted_name() -> None:
    async with asking(gives({"name": "sub/rec two", "format": "wav"})) as (rest, pbx):
        assert await rest.stored_recording("sub/rec two") == StoredRecording("sub/rec two", "wav")

    assert pbx.raw_paths == ["/ari/recordings/stored/sub%2Frec%20two"]


async def test_a_recording_that_is_not_there_is_none_and_its_file_an_error() -> None:
    async with asking(gives({"message": "Recording not found"}, 404)) as (rest, _):
        assert await rest.stored_recording("gone") is None
        with pytest.raises(ActionFailed, match="Recording not found"):
            await whole(rest, "gone")


@pytest.mark.parametrize("name", ["..", ".", "", "/etc/passwd", "../monitor/x", "a/../b", "a//b", "a/", "x\n", "x\0y"])
async def test_a_name_that_leads_elsewhere_is_refused_before_it_is_asked(name: str) -> None:
    async with asking(gives({})) as (rest, pbx):
        with pytest.raises(UnsafeValue):
            await rest.stored_recording(name)
        with pytest.raises(UnsafeValue):
            await whole(rest, name)

    assert pbx.asked == []


@pytest.mark.patient
@hypothesis_settings(deadline=None)  # a loaded machine is no finding
@given(st.text(st.sampled_from("ab./\\%?#&:@ ;И\n"), max_size=12))
def test_a_quoted_name_is_one_part_of_a_path_and_means_the_same(name: str) -> None:
    try:
        quoted = _part(name)
    except UnsafeValue:
        return
    assert unquote(quoted) == name
    assert not set(quoted) & set("/?#&@ \n\\")
    assert quoted not in {".", ".."}


async def test_a_file_comes_in_bounded_pieces_byte_for_byte() -> None:
    sound = bytes(range(256)) * 4096  # 1 MiB

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=sound, content_type="audio/wav")

    async with asking(handler) as (rest, pbx):
        pieces = [piece async for piece in rest.stored_recording_file("rec")]

    assert b"".join(pieces) == sound
    assert max(map(len, pieces)) <= CHUNK_BYTES
    assert pbx.raw_paths == ["/ari/recordings/stored/rec/file"]


async def test_a_file_that_breaks_off_is_never_taken_for_whole() -> None:
    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
        await writer.drain()

    async with bare(half) as url, open_rest(settings(url), SteadyClock()) as rest:
        with pytest.raises(PbxUnreachable):
            await whole(rest, "rec")


async def test_a_file_that_stalls_is_given_up() -> None:
    async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 500)
        await reader.read()

    async with bare(stalls) as url, open_rest(settings(url, request_s=0.1), SteadyClock()) as rest:
        pieces = rest.stored_recording_file("rec")
        assert await anext(pieces) == b"x" * 500
        with pytest.raises(PbxUnreachable, match="in time"):
            await anext(pieces)


async def test_a_file_that_drips_is_given_up_in_the_end() -> None:
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)  # the drip itself

    async with bare(drips) as url, open_rest(settings(url, request_s=5, download_s=0.2), SteadyClock()) as rest:
        async with asyncio.timeout(3):
            with pytest.raises(PbxUnreachable, match=r"longer than 0\.2 s"):
                await whole(rest, "rec")


async def test_a_slow_answer_is_given_up_whole() -> None:
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[")
        while not reader.at_eof():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)  # the drip itself

    async with bare(drips) as url, open_rest(settings(url, request_s=0.2), SteadyClock()) as rest:
        async with asyncio.timeout(3):
            with pytest.raises(PbxUnreachable, match="in time"):
                await rest.channels()


async def test_an_answer_past_the_limit_is_not_read_on() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"[" + b" " * 300_000 + b"]")

    async with asking(handler, max_answer_bytes=200_000) as (rest, _):
        with pytest.raises(ProtocolError, match="200000"):
            await rest.channels()


async def test_a_redirect_is_not_followed() -> None:
    async with asking(gives({"ping": "pong"})) as (_, elsewhere):

        async def handler(_: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": f"{elsewhere.url}/asterisk/ping"})

        async with asking(handler) as (rest, _):
            with pytest.raises(ProtocolError, match="redirect"):
                await rest.ping()

        assert elsewhere.asked == []


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"message":"Authentication required"}', LoginRefused),
        (403, b'{"message":"Access denied by ACL"}', LoginRefused),
        (404, b"<html>", ProtocolError),
        (404, b'{"message":"Resource not found"}', ActionFailed),
        (500, b'{"message":"Allocation failed"}', ActionFailed),
        (503, b"", PbxUnreachable),
        (200, b"<html>hello", ProtocolError),
        (200, b'"a string"', ProtocolError),
    ],
)
async def test_every_refusal_is_an_error_of_ours(status: int, body: bytes, kind: type[PbxError]) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    async with asking(handler) as (rest, _):
        for question in (rest.ping(), rest.channels(), rest.stored_recording("x"), rest.variable("1.2", "X")):
            with pytest.raises(PbxError) as caught:
                await question
            assert type(caught.value) is kind
            assert PASSWORD not in str(caught.value)


async def test_nobody_there_is_told_with_the_address() -> None:
    async with serving(Pbx()) as pbx:
        url = pbx.url
    async with open_rest(settings(url), SteadyClock()) as rest:
        with pytest.raises(PbxUnreachable, match="cannot be reached") as caught:
            await rest.ping()

    assert url in str(caught.value)
    assert caught.value.__cause__ is None  # the library's own error shows headers in its repr
