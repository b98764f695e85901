"""The database's URL: which ones are taken, its password put in, its password hidden."""

from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

SQLITE: Final = "sqlite+aiosqlite"
POSTGRESQL: Final = "postgresql+asyncpg"


def in_folder(data_dir: object) -> str:
    """Return the URL of the database that stands in `data_dir` when none is configured."""
    return f"{SQLITE}:///{data_dir}/callbridge.db"


def check(url: str) -> None:
    """Raise ValueError, with what to do, unless it is SQLite with an absolute path or PostgreSQL with a host."""
    scheme, separator, rest = url.partition("://")
    better = {"sqlite": SQLITE, "postgres": POSTGRESQL, "postgresql": POSTGRESQL}.get(scheme.partition("+")[0])
    if not separator or scheme not in (SQLITE, POSTGRESQL):
        advice = f'did you mean "{better}://…"?' if better else f"begin it with {SQLITE}:/// or {POSTGRESQL}://"
        raise ValueError(f"is of a kind callbridge does not know; {advice}")
    if scheme == SQLITE and not (rest.startswith("//") and Path(rest[1:]).name):
        raise ValueError(
            f"needs an absolute path, which takes four slashes: {SQLITE}:////var/lib/callbridge/callbridge.db"
        )
    if scheme == POSTGRESQL and not _names_a_database(url):
        raise ValueError(f"needs a host and a database: {POSTGRESQL}://callbridge@db.example/callbridge")


def _names_a_database(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname and parts.path.strip("/") and parts.port != 0)
    except ValueError:  # a port that is no number, a bracket that is not closed
        return False


def password_in(url: str) -> str | None:
    """Return the password as it stands in `url`, percent signs and all, or None."""
    return urlsplit(url).password


def passwords_in(url: str) -> tuple[str, ...]:
    """Return the ways the password of `url` may show up: as the URL writes it, and as it is."""
    password = password_in(url)
    return () if password is None else (password, unquote(password))


def with_password(url: str, password: str) -> str:
    """Return `url` with `password` put in, for the user it names."""
    return _with(url, quote(password, safe=""))


def masked(url: str) -> str:
    """Return `url` fit to be shown."""
    return url if password_in(url) is None else _with(url, "•••")


def _with(url: str, password: str) -> str:
    parts = urlsplit(url)
    user, place = parts.username or "", parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{place}"))
