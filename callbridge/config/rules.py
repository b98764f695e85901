"""The rules that look at more than one key, or outside the file: secrets, the database's URL, names used twice.

All but `risks` work on the table as read, before pydantic sees it, so that
their mistakes are told together with pydantic's. A secret that is refused is
replaced by an empty one: the mistake is noted, and nobody is told of it twice.
"""

from typing import Final
from urllib.parse import urlsplit

from callbridge.config import database_url, notice
from callbridge.config.directory import Directory
from callbridge.config.file import Raw, tables
from callbridge.config.lines import KeyPath
from callbridge.config.mistakes import Notes
from callbridge.config.models import Ami, Config, Stream
from callbridge.config.secret import Places, Secret, SecretMistake, check_webhook_key
from callbridge.config.words import is_loopback, meant
from callbridge.directory.own import OWN
from callbridge.directory.settings import BEARER

SECRETS: Final = ((("pbx", "ami"), "secret"), (("pbx", "ari"), "password"), (("webhook",), "secret"))
OPTIONAL: Final = (
    (("database",), "password"),
    (("webhook",), "old_secret"),
    (("stream",), "password"),
    (("stream",), "token"),
    (("directory", "lookup"), "secret"),
    (("notice",), "password"),
)
NAMES: Final = (
    (("pbx",), "id"),
    (("webhook",), "name"),
    (("directory", "lookup"), "name"),
    (("notice", "to"), "address"),
)
SHORT: Final = 8  # letters; a shorter secret is soon guessed


def put_in_secrets(raw: Raw, places: Places, notes: Notes) -> None:
    """Replace each secret, wherever it is given, by a Secret under its own key."""
    for keys, name in SECRETS:
        for path, table in tables(raw, *keys):
            if not places.given(table, name):
                notes.mistake((*path, name), f"is missing; give {name}_file, or {name}_env")
            table[name] = _secret(table, name, path, places, notes)
    for keys, name in OPTIONAL:
        for path, table in tables(raw, *keys):
            if places.given(table, name):
                table[name] = _secret(table, name, path, places, notes)


def _secret(table: Raw, name: str, path: KeyPath, places: Places, notes: Notes) -> Secret:
    key = (*path, *(places.given(table, name) or [name])[-1:])
    try:
        found = places.find(table, name)
        if path[0] == "webhook" and found:
            check_webhook_key(found.secret)
    except SecretMistake as mistake:
        notes.mistake(key, str(mistake))
        return Secret("")
    if found is None:
        return Secret("")
    if found.readable_by_others:
        notes.warn(key, f"everybody on this host can read {found.readable_by_others}; chmod o-r it")
    if len(found.secret.reveal()) < SHORT:
        notes.warn(key, f"is shorter than {SHORT} letters, so soon guessed; choose a longer one")
    return found.secret


def put_in_database_url(raw: Raw, data_dir: object, places: Places, notes: Notes) -> None:
    """Make the database's URL whole: the default in `data_dir` when none is given, the password put in."""
    database = raw.setdefault("database", {})
    if not isinstance(database, dict):
        return
    url = database.setdefault("url", database_url.in_folder(data_dir))
    if not isinstance(url, str):
        return
    try:
        database["url"] = Secret(_whole_url(url, database.get("password"), places, notes))
    except ValueError as mistake:
        notes.mistake(("database", "url"), str(mistake))
        database["url"] = Secret("")


def put_in_cel_urls(raw: Raw, places: Places, notes: Notes) -> None:
    """Make the URL of each PBX's table of channel events whole; note where neither it nor a file is given, or both."""
    for path, table in tables(raw, "pbx", "cel"):
        if ("url" in table) == ("file" in table):
            notes.mistake((*path, "file"), "give file, or url: the one of both that Asterisk writes to")
        for key in ("columns",) if "file" not in table else ():
            if key in table:
                notes.mistake((*path, key), "is for a file; a table tells its columns itself; take it out")
        if places.given(table, "password"):
            table["password"] = _secret(table, "password", path, places, notes)
        url = table.get("url")
        if isinstance(url, str):
            try:
                table["url"] = Secret(_whole_url(url, table.get("password"), places, notes, (*path, "url")))
            except ValueError as mistake:
                notes.mistake((*path, "url"), str(mistake))
                table["url"] = Secret("")


def _whole_url(url: str, password: object, places: Places, notes: Notes, key: KeyPath = ("database", "url")) -> str:
    database_url.check(url)
    holds_password = database_url.password_in(url) is not None
    exposed = places.exposed() if holds_password else None
    if exposed:
        notes.warn(key, f"everybody on this host can read the password in {exposed}; chmod o-r it")
    if not isinstance(password, Secret):
        return url
    if holds_password or url.startswith(database_url.SQLITE):
        raise ValueError(
            "takes no password from another key: SQLite has none, and a URL holds only one; keep one place"
        )
    return database_url.with_password(url, password.reveal())


def tell_twins(raw: Raw, notes: Notes) -> None:
    """Note every id of a PBX, and every name of a webhook or a look-up, that is used twice."""
    for keys, name in NAMES:
        first: dict[str, int] = {}
        for path, table in tables(raw, *keys):
            word = table.get(name)
            if isinstance(word, str) and word in first:
                notes.mistake((*path, name), f'"{word}" stands in line {first[word]} already; each needs its own')
            elif isinstance(word, str):
                first[word] = notes.line((*path, name))


def tell_halves(raw: Raw, notes: Notes) -> None:
    """Note a certificate without its key, and a key without its certificate."""
    for path, table in tables(raw, "http"):
        for key, other in (("tls_cert_file", "tls_key_file"), ("tls_key_file", "tls_cert_file")):
            if key in table and other not in table:
                notes.mistake((*path, key), f"needs {other} beside it; give both, or neither")


def tell_stream(raw: Raw, notes: Notes) -> None:
    """Note a stream beside a database that only one process can use, and more than one way to log in there."""
    for path, table in tables(raw, "stream"):
        database = raw.get("database")
        url = database.get("url") if isinstance(database, dict) else None
        if isinstance(url, Secret) and url.reveal().startswith(database_url.SQLITE):
            instead = f"set [database] url to {database_url.POSTGRESQL}://…, or take [stream] out"
            notes.mistake((*path, "url"), f"needs a database that several processes can share, not SQLite; {instead}")
        ways = [key for key in ("user", "token", "credentials_file") if table.get(key) is not None]
        if len(ways) > 1:
            notes.mistake((*path, ways[-1]), f"stands beside {' and '.join(ways[:-1])}; keep one of them")
        if ("user" in table) != (table.get("password") is not None):
            notes.mistake((*path, "user"), "goes with a password; give both, or neither")


def tell_sources(raw: Raw, notes: Notes) -> None:
    """Note sources of the directory that are none, or stand there twice; names and headers that are taken."""
    look_ups = list(tables(raw, "directory", "lookup"))
    for path, look_up in look_ups:
        if look_up.get("name") == OWN:
            notes.mistake((*path, "name"), f'"{OWN}" are the customers of our own database; choose another')
        _tell_header_twice(path, look_up, notes)
    known = [OWN, *(each["name"] for _, each in look_ups if isinstance(each.get("name"), str))]
    for path, table in tables(raw, "directory"):
        given = table.get("sources")
        sources = given if isinstance(given, list) else []
        for place, source in enumerate(sources):
            if source in sources[:place]:
                notes.mistake((*path, "sources", place), f'"{source}" stands there twice; keep one of them')
            elif isinstance(source, str) and source not in known:
                advice = meant(source, known) or f'; write "{OWN}", or the name of a [[directory.lookup]]'
                notes.mistake((*path, "sources", place), f'"{source}" is no source{advice}')


def _tell_header_twice(path: KeyPath, look_up: Raw, notes: Notes) -> None:
    headers, header = look_up.get("headers"), look_up.get("secret_header", BEARER)
    if look_up.get("secret") is None or not isinstance(headers, dict):
        return
    for name in headers:
        if name.lower() == str(header).lower():
            notes.mistake((*path, "headers", name), "is where the secret goes already; keep one of them")


def tell_risks(config: Config, notes: Notes) -> None:
    """Warn of what is allowed but lets somebody on the way read along."""
    for place, pbx in enumerate(config.pbx):
        _tell_ami_risks(pbx.ami, ("pbx", place, "ami"), notes)
        if pbx.ari and _is_plain(pbx.ari.url):
            notes.warn(("pbx", place, "ari", "url"), "the password leaves this host unencrypted; use https://")
        if pbx.ari and pbx.ari.tls_ca and not pbx.ari.url.startswith("https:"):
            notes.warn(("pbx", place, "ari", "tls_ca"), "has no effect without TLS; write https:// in url")
    if config.stream is not None:
        _tell_stream_risks(config.stream, notes)
    notice.tell_risks(config.notice, notes)
    for place, webhook in enumerate(config.webhook):
        if _is_plain(webhook.url):
            notes.warn(("webhook", place, "url"), "events leave this host unencrypted; use https://")
    _tell_look_up_risks(config.directory, notes)
    if not is_loopback(config.http.host) and config.http.tls_cert_file is None:
        safe = "set tls_cert_file and tls_key_file, or listen on 127.0.0.1 behind a TLS proxy"
        notes.warn(("http", "listen"), f"other hosts reach this port unencrypted, tokens and all; {safe}")


def _tell_look_up_risks(directory: Directory, notes: Notes) -> None:
    for place, lookup in enumerate(directory.lookup):
        path = ("directory", "lookup", place)
        if _is_plain(lookup.url):
            notes.warn((*path, "url"), "numbers and names, and the secret, leave this host unencrypted; use https://")
        if lookup.tls_ca and not lookup.url.startswith("https:"):
            notes.warn((*path, "tls_ca"), "has no effect without TLS; write https:// in url")
        if lookup.name not in directory.sources:
            notes.warn((*path, "name"), f'it is never asked; add "{lookup.name}" to sources under [directory]')


def _tell_stream_risks(stream: Stream, notes: Notes) -> None:
    parts = urlsplit(stream.url)
    if parts.scheme != "tls" and not is_loopback(parts.hostname or ""):
        notes.warn(("stream", "url"), "events leave this host unencrypted; use tls://")
    if parts.scheme != "tls" and stream.tls_ca:
        notes.warn(("stream", "tls_ca"), "has no effect without TLS; write tls:// in url")


def _tell_ami_risks(ami: Ami, path: KeyPath, notes: Notes) -> None:
    if not ami.tls and not is_loopback(ami.host):
        safe = "log-in hides the secret (MD5 challenge), but whoever is on the way reads what the PBX tells"
        notes.warn((*path, "host"), f"AMI leaves this host without TLS: {safe}; set tls = true")
    if not ami.tls and ami.tls_ca:
        notes.warn((*path, "tls_ca"), "has no effect without TLS; set tls = true")
    if ami.tls and not ami.tls_verify:
        notes.warn(
            (*path, "tls_verify"), "anybody on the way can pose as the PBX; name its authority in tls_ca instead"
        )


def _is_plain(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")
