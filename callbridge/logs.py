"""Logging: one line an occurrence, with a stable `action`; no secret, and no whole phone number at info level.

`set_up` once at the start, `set_level` at a reload, `logger()` at the top of a
module, `bind` for what every line of a task shall carry (pbx, call). Imports
nothing of ours but the words, so that everything may log.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final, Literal, TextIO, cast

import orjson
import structlog
from structlog.typing import FilteringBoundLogger, Processor

from callbridge.actions import Action

__all__ = [
    "HIDDEN",
    "NUMBER_KEYS",
    "Action",
    "Format",
    "Level",
    "bind",
    "hide",
    "logger",
    "mask_number",
    "scrub",
    "set_level",
    "set_up",
    "visible",
]

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "text"]
EventDict = MutableMapping[str, Any]


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
