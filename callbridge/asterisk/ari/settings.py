"""How to reach one Asterisk's ARI, checked once, so that link and REST need not ask again."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

from callbridge.errors import ConfigError


class Concealed(Protocol):
    """A secret that shows itself only when asked."""

    def reveal(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AriSettings:
    """What the admin says about ARI. Raises ConfigError with every mistake at once."""

    url: str
    """`http://127.0.0.1:8088/ari`: with http.conf's prefix if there is one, without user name or password."""
    username: str
    password: Concealed | str = field(repr=False)
    app: str = "callbridge"
    """The name Asterisk knows us by. A second program with the same name takes our websocket over."""
    subscribe_all: bool = True
    """Without it ARI tells of channels in our own Stasis application only: of no ordinary call."""
    ca_file: Path | None = None
    """PEM of the authority that signed the PBX's certificate; None: the host's authorities."""
    server_name: str | None = None
    """The name in the PBX's certificate where it is not the one in `url`."""

    connect_s: float = 5.0
    """For the whole way to an open websocket."""
    heartbeat_s: float = 6.0
    """After so much silence a ping; the peer is dead when half as long again brings nothing."""
    request_s: float = 5.0
    """For a whole REST answer; for each piece of a recording."""
    download_s: float = 600.0
    """For a whole recording."""
    retry_first_s: float = 0.5
    retry_most_s: float = 30.0
    refused_s: float = 60.0
    """Between two tries when ARI refuses our password or another program has our name."""
    queue_size: int = 20_000
    """Messages waiting to be taken; past it the link is dropped rather than the present told late."""
    max_answer_bytes: int = 16 * 1024 * 1024
    """10,000 channels are 5 MB of JSON."""

    def __post_init__(self) -> None:
        mistakes = tuple(self._mistakes())
        if mistakes:
            raise ConfigError(mistakes)

    def _mistakes(self) -> list[str]:
        found = _url_mistakes(self.url)
        if not self.username or ":" in self.username or not _plain(self.username):
            found.append("ari.username must not be empty, nor hold a colon or a control character.")
        if not self.app or "," in self.app or not _plain(self.app):
            found.append("ari.app must be one name, without a comma or a control character.")
        found.extend(f"ari.{name} must be more than zero." for name in _POSITIVE if getattr(self, name) <= 0)
        return found

    def authorization(self) -> str:
        """Return the header's value: it holds the password, so it goes nowhere but into the header."""
        secret = self.password if isinstance(self.password, str) else self.password.reveal()
        return aiohttp.encode_basic_auth(self.username, secret)

    def tls(self) -> ssl.SSLContext | bool:
        """Return what checks the PBX's certificate. Raises ConfigError when `ca_file` cannot be used."""
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=str(self.ca_file))
        except OSError as error:  # ssl.SSLError is one
            why = error.strerror or str(error)
            raise ConfigError((f"ari.ca_file {self.ca_file} cannot be used: {why}. Give a PEM file.",)) from error


_POSITIVE = (
    "connect_s",
    "heartbeat_s",
    "request_s",
    "download_s",
    "retry_first_s",
    "retry_most_s",
    "refused_s",
    "queue_size",
    "max_answer_bytes",
)


def _url_mistakes(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _plain(url):
        return ["ari.url must look like http://127.0.0.1:8088/ari."]
    if "@" in parts.netloc or parts.query or parts.fragment:
        return ["ari.url must hold no user name, password, question mark or #: credentials go in their own keys."]
    return []


def _plain(text: str) -> bool:
    return text.isprintable()
