"""`python -m tests.bench`: measure, print the table of docs/benchmarks.md, write it as JSON."""

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from callbridge import logs
from callbridge.cli.run import SWITCH_S, spare_the_collector
from callbridge.clock import SystemClock
from tests.bench import customers, deliveries, directory, latency, memory, scaled, throughput
from tests.bench.figures import Figure, table

BUILD: Final = Path("build")
PARTS: Final[Mapping[str, Callable[[Path], list[Figure]]]] = {
    "throughput": throughput.measure,
    "latency": lambda folder: asyncio.run(latency.measure(folder)),
    "deliveries": deliveries.measure,
    "scaled": lambda folder: asyncio.run(scaled.measure(folder)),
    "customers": lambda folder: asyncio.run(customers.measure(folder)),
    "directory": lambda folder: asyncio.run(directory.measure(folder)),
    "memory": lambda folder: asyncio.run(memory.measure(folder)),
}
WIDTH: Final = 120
"""Where no terminal says its own."""


def main() -> None:
    asked = _asked()
    sys.setswitchinterval(SWITCH_S)  # as `callbridge run` does
    logs.set_up("warning", "auto", now=SystemClock().now, environ=os.environ)
    spare_the_collector()  # as the daemon does, and here for whoever it is compared with as well
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    machine = _machine()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.json.parent) as folder:
        figures = _measure(asked.only or list(PARTS), Path(folder), console)
    console.print(table(figures))
    console.print(f"load {machine['load']} before, {_load()} after; {machine['python']}, {machine['cpus']} CPUs")
    _write(asked.json, machine, figures)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, default=BUILD / "bench.json", help="where the figures are written")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this alone; may be given again")
    return parser.parse_args()


def _measure(parts: Sequence[str], folder: Path, console: Console) -> list[Figure]:
    figures: list[Figure] = []
    for part in parts:
        with console.status(part):
            figures += PARTS[part](folder)
    return figures


def _machine() -> dict[str, Any]:
    return {
        "load": _load(),
        "cpus": os.cpu_count(),
        "python": f"Python {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        "uvloop": find_spec("uvloop") is not None,
    }


def _load() -> list[float]:
    return [round(load, 1) for load in os.getloadavg()]


def _write(path: Path, machine: dict[str, Any], figures: Sequence[Figure]) -> None:
    told = {"machine": machine | {"load_after": _load()}, "figures": [figure.as_json() for figure in figures]}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
