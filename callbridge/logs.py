"""Logging: one line an occurrence, with a stable `action`; no secret, and no whole phone number at info level.

`set_up` once at the start, `set_level` at a reload, `logger()` at the top of a
module, `bind` for what every line of a task shall carry (pbx, call). Imports
nothing of ours, so that everything may log.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Final, Literal, TextIO, cast

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "text"]
EventDict = MutableMapping[str, Any]


class Action(StrEnum):
    """Every `action` a log line may have. Alerts and searches hold on to these: a word never changes its meaning."""

    # The daemon
    DAEMON_STARTING = "daemon.starting"  # the configuration is read, nothing runs yet
    DAEMON_READY = "daemon.ready"  # everything runs; systemd has been told
    DAEMON_STOPPING = "daemon.stopping"  # SIGTERM or SIGINT came
    DAEMON_STOPPED = "daemon.stopped"  # everything is put away
    DAEMON_WATCHDOG = "daemon.watchdog"  # the event loop is late, or systemd's watchdog could not be fed
    DAEMON_UNCOMMITTED = "daemon.uncommitted"  # it ends with facts the database did not take: the PBX will be asked
    TASK_FAILED = "task.failed"  # a supervised task died of an error nobody foresaw; it is started again

    # Configuration
    CONFIG_WARNING = "config.warning"  # allowed, but unwise
    CONFIG_RELOADED = "config.reloaded"  # what was applied at once, what waits for a restart
    CONFIG_REFUSED = "config.refused"  # a reload found mistakes; the old configuration stays

    # The link to a PBX over AMI
    AMI_CONNECTING = "ami.connecting"  # a try begins
    AMI_CONNECTED = "ami.connected"  # logged in; with Asterisk's version
    AMI_LOST = "ami.lost"  # the link went away, by whose fault, and when the next try is
    AMI_UNREACHABLE = "ami.unreachable"  # no connection; with the wait before the next try
    AMI_REFUSED = "ami.refused"  # the PBX refused our name or secret: an alarm
    AMI_DEAF = "ami.deaf"  # the PBX has calls and tells us of none: our user may not read them
    AMI_ODDITY = "ami.oddity"  # bytes that are no message of AMI; kept, counted
    AMI_OVERFLOW = "ami.overflow"  # the queue was full; the link is dropped and resynced
    AMI_ACTION = "ami.action"  # an action was sent (debug), or failed

    # The link to a PBX over ARI
    ARI_CONNECTED = "ari.connected"
    ARI_LOST = "ari.lost"  # the websocket went away
    ARI_UNREACHABLE = "ari.unreachable"  # no connection; with the wait before the next try
    ARI_REFUSED = "ari.refused"  # 401 or 403: an alarm
    ARI_ODDITY = "ari.oddity"  # a message that is no JSON object, or a REST answer of a wrong shape

    # Knowing the truth again
    RESYNC_STARTED = "resync.started"
    RESYNC_DONE = "resync.done"  # with the gap and what was found
    RESYNC_FAILED = "resync.failed"  # the PBX did not answer in time; tried again
    BACKFILL_STARTED = "backfill.started"
    BACKFILL_DONE = "backfill.done"  # with the number of calls told afterwards
    BACKFILL_FAILED = "backfill.failed"  # CEL could not be read; `callbridge audit` finds what is untold
    BACKFILL_READABLE = "backfill.readable"  # CEL can be read again; the last gap stays untold

    # Calls
    CALL_STARTED = "call.started"
    CALL_ENDED = "call.ended"
    RECORDING_UNREADABLE = "recording.unreadable"  # the file of a recording that is over cannot be looked at
    CALL_ODDITY = "call.oddity"  # a fact with no place in the tables; kept, counted

    # From facts to the database
    PIPELINE_BEHIND = "pipeline.behind"  # facts wait longer than they should
    PIPELINE_COMMITTED = "pipeline.committed"  # one group commit (debug)
    STORE_OPENED = "store.opened"
    STORE_MIGRATED = "store.migrated"  # the schema was brought up to date
    STORE_UNAVAILABLE = "store.unavailable"  # reading or writing failed; tried again, nothing is lost
    STORE_RECOVERED = "store.recovered"  # it works again
    STORE_TAKEN = "store.taken"  # another daemon has taken the database over: this one ends
    STORE_BACKED_UP = "store.backed_up"

    # Telling subscribers
    DELIVERY_FAILED = "delivery.failed"  # a try failed; with the time of the next one
    DELIVERY_GIVEN_UP = "delivery.given_up"  # a dead letter: the last try failed, the subscriber refused for good, or it waited for too long
    DELIVERY_FORGOTTEN = "delivery.forgotten"  # dead letters that were kept for long enough
    DELIVERY_FORBIDDEN = "delivery.forbidden"  # the egress guard refused the address
    DELIVERY_PAUSED = "delivery.paused"  # nothing more for this subscriber: a person said so, or it answered 410
    DELIVERY_RESUMED = "delivery.resumed"
    DELIVERY_READ_FAILED = "delivery.read_failed"  # what is due cannot be read from the database; tried again
    DELIVERY_SETTLE_FAILED = "delivery.settle_failed"  # what came of tries cannot be written; tried again
    DELIVERY_UNSETTLED = "delivery.unsettled"  # stopped before it could be written: some events are sent twice
    DELIVERY_SET_RIGHT = "delivery.set_right"  # the clock was set back: what was put off waits from now on
    DELIVERY_RESTARTED = "delivery.restarted"  # a part of the worker died and was started again

    # Between daemons and workers
    STREAM_CONNECTED = "stream.connected"
    STREAM_LOST = "stream.lost"  # NATS went away, or could not be reached; events wait in the database
    STREAM_MISSED = "stream.missed"  # events were not published, for too many waited: workers read the database
    STREAM_STALLED = "stream.stalled"  # a consumer had something and gave nothing; it is made again
    WORKER_SHARDS = "worker.shards"  # which shards this worker delivers now
    WORKER_LATE = "worker.late"  # its leases could not be renewed in time; it sends nothing until they are
    WORKER_ABSENT = "worker.absent"  # no worker lives, so nothing is delivered

    # The local side
    HTTP_LISTENING = "http.listening"
    HTTP_FAILED = "http.failed"  # a request broke on a mistake of ours; the asker got a 500
    EVENTS_CUT_OFF = "events.cut_off"  # whoever read /v1/events did not keep up; it comes again and loses nothing
    CONTROL_LISTENING = "control.listening"  # the socket of the command line
    CONTROL_CUT_OFF = "control.cut_off"  # a follower of events did not keep up

    # Who may ask
    API_MADE = "api.made"  # a token, with its name and scopes
    API_REVOKED = "api.revoked"  # a token: it is good no longer
    API_REFUSED = "api.refused"  # an address sent too many wrong tokens: somebody guesses, or a CRM has an old one

    # Others
    TAPE_RECORDING = "tape.recording"
    LIBRARY_SAID = "library.said"  # a warning from a library we use, by Python's own logging
    LOG_UNNAMED = "log.unnamed"  # a line without an action: a mistake in the program


NUMBER_KEYS: Final = frozenset(
    {"number", "raw", "caller", "callee", "dialled", "connected", "callerid", "caller_id", "did", "phone"}
)
"""Keys whose text is a phone number, however it is written."""

SHORTEST_MASKED: Final = 6  # digits; shorter ones are extensions and short codes, which are nobody's own
SHORTEST_HIDDEN: Final = 4  # letters; hiding a shorter "secret" would blacken every word that holds it
HIDDEN: Final = "•••"

_SECRETS: Final = r"wh(?:sec|sk)_[A-Za-z0-9+/=_-]+|\bcb_[A-Za-z0-9_-]{20,}"
_WHOLE_NUMBER: Final = re.compile(r"\+\d{7,15}\b")
_CONTROLS: Final = {**{code: 0x2400 + code for code in range(32)}, **dict.fromkeys(range(127, 160), 0xFFFD)}
"""Control characters to the pictures Unicode has of them."""
_LEVELS: Final[Mapping[Level, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def set_up(
    level: Level = "info",
    form: Format = "auto",
    *,
    now: Callable[[], datetime],
    environ: Mapping[str, str],
    stream: TextIO | None = None,
) -> None:
    """Send every log line, ours and the libraries', to `stream` (stderr), as `form` says.

    `auto` is JSON under systemd (JOURNAL_STREAM) and wherever no terminal reads
    along, and text in colour on a terminal. May be called again.
    """
    stream = stream or sys.stderr
    is_terminal = stream.isatty() and "JOURNAL_STREAM" not in environ
    as_text = form == "text" or (form == "auto" and is_terminal)
    set_level(level)
    structlog.configure(
        processors=[
            _drop_below_level,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _stamp(now),
            structlog.processors.format_exc_info,
            _clean,
            *(_as_text(colours=is_terminal) if as_text else (_as_json,)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=_Lines(stream),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Libraries()], level=logging.WARNING, force=True)


def set_level(level: Level) -> None:
    """Tell `level` and worse from now on, in loggers that exist already too."""
    _state.level = _LEVELS[level]


def logger(**bound: object) -> FilteringBoundLogger:
    """Return a logger whose lines all carry `bound`; for the top of a module, before or after `set_up`."""
    return cast("FilteringBoundLogger", structlog.get_logger(**bound))


def bind(**values: object) -> AbstractContextManager[None]:
    """Let every line of this task and the tasks it starts carry `values`, such as pbx and call, inside the `with`."""
    return structlog.contextvars.bound_contextvars(**values)


def hide(secret: str) -> None:
    """Never let `secret` through again, in whatever line, key or traceback it turns up."""
    if len(secret) >= SHORTEST_HIDDEN:
        _state.secrets.add(secret)
        longest_first = sorted(_state.secrets, key=len, reverse=True)
        _state.pattern = re.compile("|".join([_SECRETS, *map(re.escape, longest_first)]))


def scrub(text: str) -> str:
    """Return `text` without any secret: the hidden ones, and whatever looks like a webhook's or an API token."""
    return _state.pattern.sub(HIDDEN, text)


def visible(text: str) -> str:
    """Return `text` with control characters as pictures: a name may not clear the screen or forge a line."""
    return text.translate(_CONTROLS)


def mask_number(number: str) -> str:
    """Return `+351912•••678` for `+351912345678`; extensions and short codes stay as they are."""
    digits = [place for place, letter in enumerate(number) if letter.isdigit()]
    hidden = digits[-6:-3] if len(digits) >= SHORTEST_MASKED else []
    return "".join("•" if place in hidden else letter for place, letter in enumerate(number))


class _State:
    """What changes while the daemon runs."""

    def __init__(self) -> None:
        self.level = logging.INFO
        self.secrets: set[str] = set()
        self.pattern = re.compile(_SECRETS)


_state: Final = _State()


def _drop_below_level(_logger: object, method: str, line: EventDict) -> EventDict:
    if _LEVELS.get(cast("Level", method), logging.ERROR) < _state.level:
        raise structlog.DropEvent
    return line


def _stamp(now: Callable[[], datetime]) -> Processor:
    def stamp(_logger: object, _method: str, line: EventDict) -> EventDict:
        line["timestamp"] = now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line.setdefault("action", Action.LOG_UNNAMED)
        return line

    return stamp


def _clean(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Leave plain data only, without secrets, and without whole phone numbers unless the level is debug."""
    whole = _state.level <= logging.DEBUG
    return {key: _plain(key, value, whole=whole) for key, value in line.items()}


def _plain(key: str, value: object, *, whole: bool) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {scrub(str(name)): _plain(str(name), each, whole=whole) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(key, each, whole=whole) for each in value]
    text = scrub(_text(value))
    if whole or key == "timestamp":
        return text
    return mask_number(text) if key in NUMBER_KEYS else _WHOLE_NUMBER.sub(lambda found: mask_number(found[0]), text)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return str(value) if isinstance(value, str | BaseException | datetime | PurePath) else repr(value)


def _as_json(_logger: object, _method: str, line: EventDict) -> str:
    try:
        return orjson.dumps(line).decode()
    except TypeError:  # a number beyond 64 bits, half a surrogate pair: the slower library takes both
        return json.dumps(line)


def _as_text(*, colours: bool) -> tuple[Processor, ...]:
    # The default shows local variables in tracebacks, and with them secrets.
    traceback = structlog.dev.plain_traceback
    return _escape, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=traceback)


def _escape(_logger: object, _method: str, line: EventDict) -> EventDict:
    shown = {key: visible(value) for key, value in line.items() if isinstance(value, str)}
    return {**line, **shown, **{key: line[key] for key in ("exception",) if key in line}}


class _Lines:
    """Writes lines to a stream. A log that cannot be written stops nothing: `lost` counts what went missing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = 0

    def __call__(self, *_names: object) -> "_Lines":
        return self

    def write(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # the disk is full, the pipe is broken, the stream is closed
            self.lost += 1

    debug = info = warning = error = critical = msg = write


class _Libraries(logging.Handler):
    """Python's own logging, as the libraries use it, into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        tell = structlog.get_logger().error if record.levelno >= logging.ERROR else structlog.get_logger().warning
        tell(record.getMessage(), action=Action.LIBRARY_SAID, library=record.name, exc_info=record.exc_info)
