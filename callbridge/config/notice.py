"""`[notice]`: e-mails about missed calls. The tables, and the rules that look at more than one key of them."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from callbridge.config import words
from callbridge.config.file import Raw, tables
from callbridge.config.mistakes import Notes
from callbridge.config.secret import Secret
from callbridge.config.table import Table

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")  # RFC 5321, without quoted names
_LONGEST_LOCAL: Final = 64
_LONGEST_ADDRESS: Final = 254
_LONGEST_NAME: Final = 100


def email_address(text: str) -> str:
    """Return `text` when it is one plain address. Raises ValueError."""
    if len(text) > _LONGEST_ADDRESS or text.find("@") > _LONGEST_LOCAL or not _ADDRESS.fullmatch(text):
        raise ValueError(f'"{text[:_LONGEST_ADDRESS]}" is no e-mail address; write it like "ana@example.com", in ASCII')
    return text


def _shown_name(text: str) -> str:
    if len(text) > _LONGEST_NAME or not text.strip() or not text.isprintable():
        raise ValueError(f"must be one line of {_LONGEST_NAME} printable letters at most, and not empty")
    return text


def _row_url(text: str) -> str:
    words.http_url(text)
    if text.count("{id}") != 1 or re.search(r"[{}]", text.replace("{id}", "")):
        raise ValueError('must hold {id} once, and no other braces, such as "https://crm.example/missed/{id}"')
    return text


Address = Annotated[str, AfterValidator(email_address)]
ShownName = Annotated[str, AfterValidator(_shown_name)]
RowUrl = Annotated[str, AfterValidator(_row_url)]


class NoticeTo(Table):
    """Somebody who wants to hear of missed calls."""

    address: Address
    name: ShownName | None = None
    agent: words.OneLine | None = None
    """An extension: of calls that rang there alone."""
    queues: Annotated[tuple[words.OneLine, ...], Field(strict=False)] = ()
    pbxs: Annotated[tuple[words.OneLine, ...], Field(strict=False)] = ()
    digest_minutes: Annotated[float, Field(gt=0, le=1440)] | None = None
    """None: at once."""
    enabled: bool = True


class Notice(Table):
    """Nothing is sent without `smtp_host`."""

    smtp_host: words.Host | None = None
    smtp_port: words.Port | None = None
    """None means the usual one of `security`; `port` is the one to use."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    allow_plain: bool = False
    """Whether security = "none" may lead to another host."""
    tls_ca: words.AbsolutePath | None = None
    """As for AMI."""
    username: words.OneLine | None = None
    password: Secret | None = None
    password_file: str | None = None
    password_env: str | None = None
    from_address: Address | None = None
    from_name: ShownName = "callbridge"
    again_after_minutes: Annotated[float, Field(ge=0, le=1440)] = 30.0
    """To the same recipient about the same caller."""
    language: Literal["en", "pt", "pl"] = "en"
    row_url: RowUrl | None = None
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 20.0
    """To connect and log in, and again for each mail."""
    to: Annotated[tuple[NoticeTo, ...], Field(strict=False)] = ()

    @property
    def port(self) -> int:
        return self.smtp_port or PORTS[self.security]


def tell_mistakes(raw: Raw, notes: Notes) -> None:
    """Note what is missing, and what would send mails or a password in plain text over a network."""
    for path, table in tables(raw, "notice"):
        for key, text in _mistakes(table):
            notes.mistake((*path, key), text)


def _mistakes(table: Raw) -> Iterator[tuple[str, str]]:
    host, given = table.get("smtp_host"), {key for key, value in table.items() if value is not None}
    if host is not None and "from_address" not in given:
        yield "from_address", "is missing; give the address that mails come from"
    if ("username" in given) != ("password" in given):
        yield "username", "goes with a password; give both, or neither"
    plain = table.get("security") == "none" and isinstance(host, str) and not words.is_loopback(host)
    if plain and table.get("allow_plain") is not True:
        safe = 'use "starttls" or "tls", or set allow_plain = true where the way there is safe'
        yield "security", f"names and numbers of callers would leave this host unencrypted; {safe}"


def tell_risks(notice: Notice, notes: Notes) -> None:
    """Warn of what is allowed but unwise, or has no effect."""
    if notice.smtp_host is None:
        if notice.to:
            notes.warn(("notice", "smtp_host"), "is left out, so nobody is told; name the mail server")
        return
    if not any(each.enabled for each in notice.to):
        notes.warn(("notice", "smtp_host"), "has nobody to write to; add a table [[notice.to]]")
    if notice.security != "none":
        return
    if notice.tls_ca:
        notes.warn(("notice", "tls_ca"), 'has no effect with security = "none"')
    if not words.is_loopback(notice.smtp_host):
        what = "the password and who called" if notice.username else "who called"
        notes.warn(("notice", "security"), f'{what} leave this host unencrypted; use "starttls" or "tls"')
