"""Asterisk's log kept in a table, by its own modules: the same calls are told from it."""

import asyncio
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.lab.asterisk import Asterisk
from tests.lab.crm import PAST, Crm
from tests.lab.daemon import Daemon
from tests.lab.postgres import PostgresServer
from tests.lab.record import SCENES
from tests.lab.room import Room

pytestmark = pytest.mark.live

OPERATIONS: Final = Path(__file__).parents[2] / "docs" / "operations.md"
DRIVERS: Final = next(iter(sorted(Path("/usr/lib").glob("*-linux-gnu*/odbc"))), Path("/usr/lib/odbc"))
"""Where Debian has its ODBC drivers."""
PLAYED: Final = {
    "07-queue-abandoned": ("queued", "ringing", "left_queue", "ended", "missed"),
    "16-blind-answered": ("ringing", "answered", "transferred", "ringing", "answered", "ended"),
    "25-name-quotes": ("ringing", "answered", "ended"),
}


def documented(begins: str) -> str:
    """Return the block of code of the documentation that begins so: what an admin copies must work."""
    blocks = OPERATIONS.read_text(encoding="utf-8").split("```")[1::2]
    return next(block.partition("\n")[2] for block in blocks if block.partition("\n")[2].startswith(begins))


async def load(pbx: Asterisk, module: str, config: str) -> None:
    (pbx.home / "etc" / f"{module}.conf").write_text(config)
    async with pbx.tap() as tap:
        said = await tap.action("ModuleLoad", Module=f"{module}.so", LoadType="load")
        assert said["Response"] == "Success", said


async def tells_from(pbx: Asterisk, cel: str) -> None:
    """Play some scenes while the daemon is away, and hold it to what it tells of them."""
    async with Crm() as crm, Daemon(pbx, crm, ari=False, more=f"[pbx.cel]\n{cel}\n") as daemon:
        await crm.hears("pbx.connected")
        await daemon.stop()
        for name in PLAYED:
            async with Room(pbx) as room:
                await SCENES[name](room)
            await pbx.settle()
        await daemon.start()
        await crm.hears("call.ended", len(PLAYED), within_s=30)

        told: dict[str, list[str]] = {}
        for one in crm.taken:
            if "call" in one.data and one.type != PAST:
                assert one.data["backfilled"] is True
                told.setdefault(one.call["id"], []).append(one.type.removeprefix("call."))
        assert sorted(map(tuple, told.values())) == sorted(("started", *types) for types in PLAYED.values())
        assert 'Ana "Nini" O\'Neil' in {one.call["from"]["name"] for one in crm.of_type("call.ended")}
        assert {one.call["oddities"] for one in crm.of_type("call.ended")} == {0}


async def test_calls_are_told_from_a_sqlite_table(own_pbx: Asterisk) -> None:
    """As docs/operations.md says it is to be configured."""
    await load(own_pbx, "cel_sqlite3_custom", documented("; cel_sqlite3_custom.conf"))

    await tells_from(own_pbx, f'url = "sqlite+aiosqlite:///{own_pbx.home}/log/master.db"')


@pytest.mark.postgres
async def test_calls_are_told_from_a_table_of_cel_pgsql(own_pbx: Asterisk, postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database("cel")
    await make_table(url)
    where = urlsplit(url)
    settings = {
        "hostname": where.hostname,
        "port": where.port,
        "dbname": where.path.strip("/"),
        "user": where.username,
        "password": where.password,
        "table": "cel",
        "usegmtime": "yes",
    }
    await load(own_pbx, "cel_pgsql", "[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))

    await tells_from(own_pbx, f'url = "{url}"\ntimezone = "UTC"')


def furnish_odbc(pbx: Asterisk, driver: Path, *data_source: str) -> Path:
    """Write down how cel_odbc reaches a data source, in the files docs/operations.md has; return their folder."""
    if not driver.exists():
        pytest.skip(f"{driver} is not there: `make setup` installs it")
    etc = pbx.home / "etc"
    (etc / "odbcinst.ini").touch()
    (etc / "odbc.ini").write_text("\n".join(["[asterisk]", f"Driver = {driver}", *data_source]) + "\n")
    (etc / "res_odbc.conf").write_text(re.sub(r"(username|password) = .*\n", "", documented("; res_odbc.conf")))
    (etc / "cel_odbc.conf").write_text(documented("; cel_odbc.conf"))
    with (etc / "modules.conf").open("a") as modules:
        modules.writelines(f"load = {each}.so\n" for each in ("res_odbc_transaction", "res_odbc", "cel_odbc"))
    return etc


async def restart_in(etc: Path, pbx: Asterisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the PBX anew, with its data sources in that folder."""
    monkeypatch.setenv("ODBCSYSINI", str(etc))
    await pbx.stop()
    await pbx.start()


async def test_calls_are_told_from_a_sqlite_table_of_cel_odbc(
    own_pbx: Asterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the worst shape it can have: types as numbers, times as text."""
    path = own_pbx.home / "log" / "cel.db"
    columns = "cid_name, cid_num, exten, context, channame, appname, appdata, uniqueid, linkedid, userdeftype, extra"
    texts = ", ".join(f"{each} varchar(255)" for each in columns.split(", "))
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE TABLE cel (id integer PRIMARY KEY, eventtype int, eventtime varchar(40), {texts})")
    etc = furnish_odbc(own_pbx, DRIVERS / "libsqlite3odbc.so", f"Database = {path}")
    await restart_in(etc, own_pbx, monkeypatch)

    await tells_from(own_pbx, f'url = "sqlite+aiosqlite:///{path}"\ntimezone = "UTC"')


@pytest.mark.postgres
async def test_calls_are_told_from_a_postgresql_table_of_cel_odbc(
    own_pbx: Asterisk, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_server.create_database("cel_odbc")
    await make_table(url)
    where = urlsplit(url)
    server = [f"Servername = {where.hostname}", f"Port = {where.port}", f"Database = {where.path.strip('/')}"]
    login = [f"Username = {where.username}", f"Password = {where.password}"]
    await restart_in(furnish_odbc(own_pbx, DRIVERS / "psqlodbcw.so", *server, *login), own_pbx, monkeypatch)

    await tells_from(own_pbx, f'url = "{url}"\ntimezone = "UTC"')


async def make_table(url: str) -> None:
    """As docs/operations.md has it."""
    engine = create_async_engine(make_url(url))
    try:
        async with asyncio.timeout(30), engine.begin() as connection:
            for statement in documented("-- PostgreSQL.").split(";"):
                if statement.strip() and "GRANT" not in statement:
                    await connection.execute(text(statement))
    finally:
        await engine.dispose()
