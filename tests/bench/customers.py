"""How fast a table of 100,000 customers comes in through the running daemon, and what its calls feel of it."""

import asyncio
import csv
import statistics
from pathlib import Path
from typing import Final

from callbridge.clock import SystemClock
from tests.bench.figures import Figure, Target
from tests.bench.latency import ROUND_S, WARM_UP, Contestant, ours_of, p99, turn
from tests.bench.long_tape import RATE, LongTape
from tests.bench.playing import listening
from tests.bench.receiver import Receiver
from tests.lab.ami_player import AmiPlayer
from tests.lab.daemon import Daemon, command

ROWS: Final = 100_000
WITHIN_S: Final = 600.0
DIRECTORY: Final = '[directory]\ncountry = "PT"\n'


async def measure(folder: Path) -> list[Figure]:
    """`folder` takes the table and the database; it must lie on a real disk."""
    table, database = folder / "customers.csv", f"sqlite+aiosqlite:///{Path.cwd() / folder}/customers.db"
    await asyncio.to_thread(write, table, ROWS)
    tape, calls = LongTape(), int(ROUND_S * RATE)
    async with (
        Receiver() as receiver,
        AmiPlayer(()) as pbx,
        Daemon(pbx, receiver, ari=False, database=database, more=DIRECTORY) as daemon,
    ):
        each = Contestant(pbx, ours_of)
        await listening(pbx)
        await turn(each, receiver, tape, range(1, 1 + WARM_UP))
        new_s = await imported(daemon, table)
        quiet = await turn(each, receiver, tape, range(1000, 1000 + calls))
        importing = asyncio.create_task(imported(daemon, table))
        busy = await turn(each, receiver, tape, range(2000, 2000 + calls))
        went_on = not importing.done()
        changed_s = await importing
    assert went_on, "the import was over before the calls were"
    return [
        Figure(f"import of {ROWS:,} customers with {3 * ROWS:,} numbers", new_s, "s", target=Target(60, at_most=True)),
        Figure("customers that come in, new", ROWS / new_s, "a second"),
        Figure("customers that come in again", ROWS / changed_s, "a second"),
        Figure("AMI event to webhook while they come in, p50", statistics.median(busy), "ms", statistics.median(quiet)),
        Figure("AMI event to webhook while they come in, p99", p99(busy), "ms", p99(quiet)),
        Figure("webhooks that did not arrive", each.lost, "", target=Target(0, at_most=True)),
    ]


def write(table: Path, rows: int) -> None:
    """Write a table as a Portuguese CRM might."""
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(("Código", "Nome", "Tipo", "NIF", "Telefone", "Telemóvel", "Contactos"))
        writer.writerows(_row(place) for place in range(rows))


def _row(place: int) -> tuple[str, ...]:
    phone, mobile, contact = f"21 {place:07}", f"91{place % 8}{place:06}", f"Ana: +351 93{place % 8} {place:06}"
    return f"C-{place}", f"Cliente {place} Lda", "customer", f"5{place:08}", phone, mobile, contact


async def imported(daemon: Daemon, table: Path) -> float:
    """Return how many seconds the command took, from its start to its end."""
    clock = SystemClock()
    began = clock.monotonic()
    words = command("customers", "import", str(table), "--config", str(daemon.config))
    running = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(WITHIN_S):
        told, _ = await running.communicate()
    assert running.returncode == 0, told.decode()
    return clock.monotonic() - began
