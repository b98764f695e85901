"""The rules that single values follow, as types for the models.

Every refusal says what is wrong and what to do; the file and line are added by
`mistakes`. Sources: Asterisk's dialplan patterns, ISO 3166, the IANA time zones.
"""

import ipaddress
import os
import re
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BeforeValidator, Field

from callbridge import hooks
from callbridge.calls.call import Direction
from callbridge.config.secret import Secret
from callbridge.directory import template

Seconds = Annotated[float, Field(gt=0, le=3600)]
meant = hooks.meant
event_glob = hooks.event_glob
http_url = hooks.http_url
EVENT_TYPES: Final = hooks.EVENT_TYPES
CONTROL_SOCKET: Final = "control.sock"
"""The daemon's socket for the command line, in its data folder."""

MAX_SOCKET_PATH: Final = 107  # bytes; Linux' sockaddr_un holds 108 with the closing NUL

_PATTERN_LETTERS: Final = re.compile(r"_?[0-9XZN]+\.?")
_TECHNOLOGIES: Final = ("PJSIP", "SIP", "IAX2", "DAHDI", "Local", "Dongle", "Khomp", "OOH323")


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", text):
        raise ValueError(f'"{text}" must be 1 to 32 letters, digits, - or _, beginning with a letter or digit')
    return text


def _country(text: str) -> str:
    if text in SUPPORTED_REGIONS:
        return text
    known = text.upper() if text.upper() in SUPPORTED_REGIONS else {"UK": "GB", "EL": "GR"}.get(text.upper())
    advice = f'did you mean "{known}"?' if known else 'write the two letters of ISO 3166, such as "PT"'
    raise ValueError(f'"{text}" is no country code; {advice}')


def _timezone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = meant(text, zoneinfo.available_timezones()) or '; write a name such as "Europe/Lisbon"'
        raise ValueError(f'"{text}" is no time zone{hint}') from None
    return text


def _extension(text: str) -> str:
    if _PATTERN_LETTERS.fullmatch(text):
        return text
    better = text.upper()
    hint = f'did you mean "{better}"?' if _PATTERN_LETTERS.fullmatch(better) else "write digits, X, Z, N and a last ."
    raise ValueError(f'"{text}" is no extension pattern; {hint}')


def _trunk(text: str) -> str:
    technology, slash, resource = text.partition("/")
    if not (slash and resource and re.fullmatch(r"[A-Za-z0-9]+", technology)) or " " in text:
        raise ValueError(f'"{text}" names no channels; write technology/name, such as "PJSIP/trunk*"')
    known = {word.lower(): word for word in _TECHNOLOGIES}.get(technology.lower(), technology)
    if known != technology:
        raise ValueError(f'"{text}" has the wrong case; did you mean "{known}/{resource}"?')
    return text


def _absolute(text: object) -> object:
    if isinstance(text, str):
        if not Path(text).is_absolute():
            raise ValueError(f'"{text}" must be an absolute path; begin it with /')
        return Path(text)
    return text


def _short_enough(path: Path) -> Path:
    if len(os.fsencode(path / CONTROL_SOCKET)) > MAX_SOCKET_PATH:
        raise ValueError("is too long for the control socket in it; choose a folder of 90 letters at most")
    return path


def is_loopback(host: str) -> bool:
    """Whether what is sent there stays on this host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(text: str) -> str:
    try:
        parts = urlsplit(f"//{text}")
        fits = bool(parts.hostname) and parts.port is not None and parts.netloc == text and "@" not in text
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f'"{text}" must be host:port, such as "127.0.0.1:8700" or "[::1]:8700"')
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", text):
        raise ValueError(f'"{text}" is no host name or address; the port stands in a key of its own')
    return text


def _nats_url(text: str) -> str:
    parts = urlsplit(text)
    try:
        fits = bool(parts.hostname) and parts.port != 0 and not parts.path.strip("/") and not parts.query
    except ValueError:  # a port that is no number
        fits = False
    if parts.scheme not in ("nats", "tls") or not fits:
        raise ValueError("must be nats://host:port, or tls://host:port for TLS")
    if parts.username is not None:
        raise ValueError("holds a user name or password, which ends up in logs; give user and password_file, or token")
    return text


def _one_line(text: str) -> str:
    if not text or re.search(r"[\r\n\x00]", text):
        raise ValueError("must be one line of text, and not empty")
    return text


CEL_COLUMNS: Final = (
    *("eventtype", "eventtime", "cid_name", "cid_num", "cid_ani", "cid_rdnis", "cid_dnid", "exten", "context"),
    *("channame", "appname", "appdata", "amaflags", "accountcode", "uniqueid", "linkedid", "peer", "userfield"),
    *("userdeftype", "extra"),
)
"""The columns of Master.csv as Asterisk's sample of cel_custom.conf has them, the same from 12 to 22."""

_CEL_ALIASES: Final = (
    *("eventenum", "name", "num", "cidname", "cidnum", "channel", "eventextra", "usereventname", "-"),
    *("ani", "rdnis", "dnid", "cidani", "cidrdnis", "ciddnid", "acctcode", "peeraccount", "peeracct", "tenantid"),
)
"""Other names of the same, and what is passed over."""


def _cel_column(text: str) -> str:
    if text.lower() not in (*CEL_COLUMNS, *_CEL_ALIASES):
        hint = meant(text, CEL_COLUMNS) or '; write "-" for one that callbridge shall pass over'
        raise ValueError(f'"{text}" is no column of CEL{hint}')
    return text.lower()


def _sql_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]{0,62}(\.[A-Za-z_][A-Za-z0-9_$]{0,62})?", text):
        raise ValueError(f'"{text}" is no name of a table; write it like "cel" or "asterisk.cel"')
    return text


def _headers(table: object) -> object:
    """Check custom headers, and hide their values: many are tokens."""
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise ValueError('must be names with text, such as {X-Tenant = "4711"}')
    if len(table) > hooks.MOST_HEADERS:
        raise ValueError(f"holds {len(table)} headers, but {hooks.MOST_HEADERS} are the most; take some out")
    for name, value in table.items():
        hooks.check_header(name, value)
    return {name: Secret(value) for name, value in table.items()}


def _header_name(text: str) -> str:
    hooks.check_header(text, "")
    return text


def _registered(text: str) -> str:
    known = [each.value for each in Direction if each is not Direction.INTERNAL]
    if text not in known:
        hint = meant(text, known) or f"; they are {', '.join(known)}"
        raise ValueError(f'"{text}" is no direction of calls with customers{hint}')
    return text


Headers = Annotated[Mapping[str, Secret], BeforeValidator(_headers)]
NO_HEADERS: Final[Mapping[str, Secret]] = {}
HeaderName = Annotated[str, AfterValidator(_header_name)]
RegisteredDirection = Annotated[str, AfterValidator(_registered)]
LookUpUrl = Annotated[str, AfterValidator(template.look_up_url)]
CustomerUrl = Annotated[str, AfterValidator(template.customer_url)]
Network = Annotated[str, AfterValidator(hooks.network)]
Name = Annotated[str, AfterValidator(_name)]
CelColumn = Annotated[str, AfterValidator(_cel_column)]
SqlName = Annotated[str, AfterValidator(_sql_name)]
Country = Annotated[str, AfterValidator(_country)]
Timezone = Annotated[str, AfterValidator(_timezone)]
Extension = Annotated[str, AfterValidator(_extension)]
Trunk = Annotated[str, AfterValidator(_trunk)]
EventGlob = Annotated[str, AfterValidator(event_glob)]
AbsolutePath = Annotated[Path, BeforeValidator(_absolute)]
DataDir = Annotated[AbsolutePath, AfterValidator(_short_enough)]
HttpUrl = Annotated[str, AfterValidator(hooks.http_url)]
NatsUrl = Annotated[str, AfterValidator(_nats_url)]
Listen = Annotated[str, AfterValidator(_listen)]
Host = Annotated[str, AfterValidator(_host)]
OneLine = Annotated[str, AfterValidator(_one_line)]
DialPrefix = Annotated[str, Field(pattern=r"^[0-9*#]{0,8}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
