import ast
import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from callbridge import logs
from callbridge.logs import Action

SOURCE = Path(logs.__file__).parent
LEVELS = {"debug", "info", "warning", "warn", "error", "exception", "critical"}

Told = Callable[[], list[dict[str, Any]]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def set_up(
    stream: io.StringIO, form: logs.Format = "auto", level: logs.Level = "info", environ: dict[str, str] | None = None
) -> None:
    logs.set_up(level, form, now=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC), environ=environ or {}, stream=stream)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    secrets, pattern = set(logs._state.secrets), logs._state.pattern
    yield
    logs._state.secrets, logs._state.pattern = secrets, pattern
    logs._state.level = logging.INFO
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    set_up(stream)
    return stream


@pytest.fixture
def told(stream: io.StringIO) -> Told:
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_when_what_and_where(told: Told) -> None:
    logs.logger(pbx="main").info("The link is up", action=Action.AMI_CONNECTED, call="call_1")
    assert told() == [
        {
            "timestamp": "2026-11-22T12:00:00.000Z",
            "level": "info",
            "event": "The link is up",
            "action": "ami.connected",
            "pbx": "main",
            "call": "call_1",
        }
    ]


def test_a_whole_task_carries_what_is_bound(told: Told) -> None:
    log = logs.logger()
    with logs.bind(pbx="main"):
        log.info("inside", action=Action.AMI_LOST)
    log.info("outside", action=Action.AMI_LOST)
    assert [line.get("pbx") for line in told()] == ["main", None]


@pytest.mark.parametrize(
    ("form", "terminal", "environ", "is_json"),
    [
        ("auto", True, {}, False),
        ("auto", True, {"JOURNAL_STREAM": "8:1"}, True),
        ("auto", False, {}, True),
        ("json", True, {}, True),
        ("text", False, {}, False),
    ],
)
def test_the_form_follows_who_reads(form: logs.Format, terminal: bool, environ: dict[str, str], is_json: bool) -> None:  # noqa: FBT001 - a table
    stream = Terminal() if terminal else io.StringIO()
    set_up(stream, form, environ=environ)
    logs.logger().info("hello", action=Action.DAEMON_READY)
    assert stream.getvalue().startswith("{") is is_json
    assert ("\x1b[" in stream.getvalue()) is (terminal and not is_json)


def test_the_level_changes_while_the_daemon_runs_for_loggers_that_exist(told: Told) -> None:
    log = logs.logger().bind(pbx="main")
    log.debug("one", action=Action.AMI_ACTION)
    logs.set_level("debug")
    log.debug("two", action=Action.AMI_ACTION)
    logs.set_level("error")
    log.warning("three", action=Action.AMI_ACTION)
    log.error("four", action=Action.AMI_ACTION)
    assert [line["event"] for line in told()] == ["two", "four"]


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+351912345678", "+351912•••678"),
        ("912345678", "912•••678"),
        ("912 345 678", "912 ••• 678"),
        ("Maria <+351912345678>", "Maria <+351912•••678>"),
        ("123456", "•••456"),
        ("12345", "12345"),
        ("101", "101"),
        ("", ""),
        ("anonymous", "anonymous"),
    ],
)
def test_a_number_is_masked_but_for_its_ends(number: str, masked: str) -> None:
    assert logs.mask_number(number) == masked


@pytest.mark.parametrize("key", sorted(logs.NUMBER_KEYS))
def test_no_whole_number_stands_in_an_info_line(stream: io.StringIO, key: str) -> None:
    party = {key: "912345678", "name": "Ana"}
    logs.logger().info(
        "+351912345678 calls", action=Action.CALL_STARTED, who=party, parties=[party], **{key: "912345678"}
    )
    assert "345" not in stream.getvalue()
    assert stream.getvalue().count("912\u2022\u2022\u2022678") == 4


def test_debug_shows_numbers_whole(told: Told) -> None:
    logs.set_level("debug")
    logs.logger().info("+351912345678 calls", action=Action.CALL_STARTED, number="912345678")
    assert (told()[0]["event"], told()[0]["number"]) == ("+351912345678 calls", "912345678")


def test_what_is_no_number_keeps_its_digits(told: Told) -> None:
    logs.logger().info(
        "done", action=Action.RESYNC_DONE, call="call_01995c0e123456", at="2026-11-22T12:00:00.000+00:00"
    )
    assert (told()[0]["call"], told()[0]["at"]) == ("call_01995c0e123456", "2026-11-22T12:00:00.000+00:00")


@pytest.mark.parametrize("level", ["debug", "info"])
@pytest.mark.parametrize("form", ["json", "text"])
def test_a_secret_is_in_no_line_however_it_gets_there(form: logs.Format, level: logs.Level) -> None:
    stream = io.StringIO()
    set_up(stream, form, level)
    # In no path of anybody's clone:
    secrets = ('Qx7w"Zk9vé', "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "Vy3m.*", f"cb_{'pT0ken' * 7}X")
    logs.hide(secrets[0])
    logs.hide(secrets[2])
    log = logs.logger(bound=secrets[0])
    for secret in secrets:
        log.warning(
            secret,
            action=Action.AMI_REFUSED,
            plain=secret,
            raw=secret.encode(),
            inner={secret: [secret, {"x": (secret,)}]},
        )
        log.warning("object", action=Action.AMI_REFUSED, thing=_Holder(secret), error=ValueError(secret))
        with logs.bind(contextual=secret):
            _fail(log, secret)
        logging.getLogger("library").warning("said %s", secret)
    shown = stream.getvalue()
    assert len(shown.splitlines()) >= 12
    for part in ("Qx7w", "Zk9v", "whsec_", "c2VjcmV0", "Vy3m", "cb_", "pT0ken"):
        assert part not in shown


class _Holder:
    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"Holder({self.secret})"


def _fail(log: Any, secret: str) -> None:
    local = {secret: secret}
    try:
        local[secret + secret]
    except KeyError:
        log.exception("failed", action=Action.TASK_FAILED)


def test_a_longer_secret_is_hidden_whole_even_when_it_begins_like_another() -> None:
    logs.hide("correct")
    logs.hide("correct horse")
    assert logs.scrub("correct horse, correct") == "•••, •••"


@pytest.mark.parametrize("word", ["", "a", "abc"])
def test_a_word_too_short_to_be_a_secret_blackens_nothing(word: str) -> None:
    logs.hide(word)
    assert logs.scrub("abc a b c") == "abc a b c"


def test_a_callers_name_can_neither_forge_a_line_nor_steer_the_terminal() -> None:
    stream = Terminal()
    set_up(stream, "text")
    logs.logger().info("call", action=Action.CALL_STARTED, name="Eve\n2026 [error] forged\x1b[2J\x9b2J")
    (line,) = stream.getvalue().splitlines()
    assert "Eve␊2026 [error] forged␛[2J\ufffd2J" in line
    assert "\x1b[2J" not in line
    assert "\x9b" not in line


def test_text_that_is_no_unicode_and_endless_numbers_are_written_all_the_same(told: Told) -> None:
    logs.logger().info("odd", action=Action.AMI_ODDITY, text="\udc80", number=2**80, data=b"\xff")
    assert told()[0] | {"text": "\udc80", "number": 2**80, "data": "\ufffd"} == told()[0]


class FullDisk(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    for stream in (FullDisk(), io.StringIO()):
        set_up(stream)
        stream.close()
        logs.logger().info("lost", action=Action.DAEMON_READY)
        assert structlog.get_config()["logger_factory"].lost == 1


def test_a_librarys_warning_is_one_of_our_lines(told: Told) -> None:
    logging.getLogger("aiohttp.server").info("chatter")
    logging.getLogger("aiohttp.server").warning("said %s", "this")
    (line,) = told()
    assert (line["action"], line["library"], line["event"]) == ("library.said", "aiohttp.server", "said this")


def test_a_line_without_an_action_is_seen_to_have_none(told: Told) -> None:
    logs.logger().info("anonymous")
    assert told()[0]["action"] == Action.LOG_UNNAMED


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", node


def _is_known(action: ast.expr) -> bool:
    if isinstance(action, ast.IfExp):
        return _is_known(action.body) and _is_known(action.orelse)
    if isinstance(action, ast.Constant):
        return action.value in list(Action)
    return not isinstance(action, ast.Attribute) or action.attr in Action.__members__ or action.attr == "action"


@pytest.mark.patient
def test_every_action_in_the_source_stands_in_the_list() -> None:
    unknown = [
        f"{where} {ast.unparse(keyword.value)}"
        for where, call in _calls()
        for keyword in call.keywords
        if keyword.arg == "action" and not _is_known(keyword.value)
    ]
    assert unknown == []


@pytest.mark.patient
def test_every_log_line_in_the_source_has_an_action() -> None:
    nameless = [
        where
        for where, call in _calls()
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in LEVELS
        and isinstance(call.func.value, ast.Name)
        and "log" in call.func.value.id
        and not any(keyword.arg in ("action", None) for keyword in call.keywords)
    ]
    assert nameless == []


def test_every_action_is_explained_or_says_all_by_its_name() -> None:
    """Two words with a dot, so that `journalctl … | grep ami.` finds a whole part."""
    assert all(word.count(".") == 1 and word.replace(".", "").replace("_", "").isalpha() for word in Action)
