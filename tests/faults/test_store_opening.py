"""A database that cannot be opened or goes away says what is wrong and what to do, and no secret."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from callbridge.errors import StoreUnavailable
from callbridge.store import check, open_store, schema_state, upgrade
from callbridge.store.postgres import PostgresAccess
from tests.lab.folder import passing_folder
from tests.lab.postgres import PostgresServer
from tests.unit.store.made import EVER, SetClock, a_life

pytestmark = pytest.mark.faults

NOBODY = 65534
SECRET = "hush-hush-7391"  # noqa: S105 - to be looked for


@contextmanager
def not_root() -> Iterator[None]:
    """Root may write everywhere, so it is somebody else for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder(database_template: Path) -> Iterator[Path]:
    """A folder anybody may look into; pytest's own are for their owner alone.

    The template was made first, so that what is imported late is there already: who is not root
    cannot see an interpreter below root's home.
    """
    assert database_template.exists()
    with passing_folder("callbridge-store-") as folder:
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def forbid_writing(folder: Path) -> None:
    for part in folder.iterdir():
        part.chmod(0o444)
    folder.chmod(0o555)


def at(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_a_folder_that_may_not_be_written_is_named(open_folder: Path) -> None:
    forbid_writing(open_folder)

    with (
        not_root(),
        pytest.raises(StoreUnavailable, match=f"Permission denied. Make the folder {open_folder}, .* user"),
    ):
        await upgrade(at(open_folder / "callbridge.db"))


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=f"No such file or directory. Make the folder {tmp_path}/none"):
        await upgrade(at(tmp_path / "none" / "callbridge.db"))


async def test_a_file_that_may_only_be_read_is_not_opened(open_folder: Path) -> None:
    path = open_folder / "callbridge.db"
    await upgrade(at(path))
    forbid_writing(open_folder)

    with not_root(), pytest.raises(StoreUnavailable, match=r"callbridge\.db"):
        await open_store(at(path), clock=SetClock())


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Ana, " * 1000)

    for attempt in (open_store(at(path), clock=SetClock()), upgrade(at(path)), check(at(path))):
        with pytest.raises(StoreUnavailable, match=r"not a database\. Is this the right file"):
            await attempt

    assert path.read_text() == "Dear Ana, " * 1000


async def test_a_folder_in_the_place_of_the_file_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="unable to open"):
        await upgrade(at(tmp_path))


@pytest.mark.parametrize("url", ["mysql://ana:{}@db/calls", "sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"])
async def test_what_is_no_database_of_ours_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreUnavailable, match="name a SQLite file or PostgreSQL") as refused:
        await schema_state(url.format(SECRET))

    assert SECRET not in str(refused.value)


async def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(StoreUnavailable, match=rf"127.0.0.1:{port}/calls cannot be reached") as refused:
            await upgrade(f"postgresql+asyncpg://ana:{SECRET}@127.0.0.1:{port}/calls")

    assert SECRET not in str(refused.value)


async def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        access = PostgresAccess(make_url(f"postgresql+asyncpg://ana:{SECRET}@127.0.0.1:{port}/calls"), 0.5)
        with pytest.raises(StoreUnavailable, match="did not answer in time"):
            await access.write(lambda connection: connection.execute(text("SELECT 1")))
        await access.close()


@pytest.mark.postgres
class TestPostgres:
    """With a server that is taken away."""

    @pytest.fixture
    def server(self, request: pytest.FixtureRequest) -> PostgresServer:
        found = request.getfixturevalue("postgres_server")
        assert isinstance(found, PostgresServer)
        return found

    @pytest.fixture
    async def url(self, server: PostgresServer) -> AsyncIterator[str]:
        url = server.create_database("taken_away")
        await upgrade(url)
        yield url
        server.drop_database("taken_away")

    async def test_a_wrong_password_is_said_and_not_shown(self, url: str) -> None:
        wrong = make_url(url).set(password=SECRET).render_as_string(hide_password=False)

        with pytest.raises(
            StoreUnavailable, match=r"password authentication failed .*\. Set the right password"
        ) as refused:
            await open_store(wrong, clock=SetClock())

        assert SECRET not in str(refused.value)

    async def test_a_database_that_is_not_there_is_asked_for(self, server: PostgresServer) -> None:
        with pytest.raises(StoreUnavailable, match=r'"nowhere" does not exist\. Create the database'):
            await upgrade(server.url("nowhere"))

    async def test_a_server_that_comes_back_is_used_again(self, url: str, server: PostgresServer) -> None:
        async with await open_store(url, clock=SetClock()) as store:
            await store.commit(a_life("a", 1))
            await store.remember()

            server.crash()
            with pytest.raises(StoreUnavailable):
                await store.commit(a_life("b", 1))
            with pytest.raises(StoreUnavailable):
                await store.due(EVER, 10, frozenset())
            server.start()

            await store.commit(a_life("b", 1))
            found = await store.due(EVER, 10, frozenset())
            assert [one.event_id for one in found] == ["evt_a_1", "evt_b_1"]

    async def test_connections_that_are_cut_are_made_again(self, url: str) -> None:
        """One failure each at most: the call that finds the connection dead."""
        async with await open_store(url, clock=SetClock()) as store:
            await store.commit(a_life("a", 1))
            await cut_all_connections(url)

            with pytest.raises(StoreUnavailable):
                await store.commit(a_life("b", 1))

            await store.commit(a_life("b", 1))
            assert (await store.counts()).calls == 2

    async def test_work_that_takes_too_long_is_given_up_and_the_next_goes_on(self, url: str) -> None:
        access = PostgresAccess(make_url(url), 1)
        sleep = text("SELECT pg_sleep(60)")

        with pytest.raises(StoreUnavailable):
            await access.write(lambda connection: connection.execute(sleep))

        assert await access.write(lambda connection: connection.scalar(text("SELECT 42"))) == 42
        await access.close()


async def cut_all_connections(url: str) -> None:
    access = PostgresAccess(make_url(url), 10)
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    await access.read(lambda connection: connection.execute(text(f"SELECT pg_terminate_backend(pid) {others}")).all())
    await access.close()
