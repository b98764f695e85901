"""The lock files say what pyproject.toml asks for, and nothing about the machine they were made on."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LOCKS = ("run.txt", "dev.txt")


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", text, re.MULTILINE))


def asked(lock: str) -> list[Requirement]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras: dict[str, list[str]] = project["project"]["optional-dependencies"]
    product: list[str] = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    product += [requirement for extra in extras.values() for requirement in extra]
    return [Requirement(text) for text in product + (project["dependency-groups"]["dev"] if lock == "dev.txt" else [])]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_within_its_bounds(lock: str) -> None:
    """When this fails: `make lock`."""
    pinned = pins(lock)

    unmet = [str(want) for want in asked(lock) if pinned.get(canonicalize_name(want.name), "0") not in want.specifier]

    assert unmet == []


def test_tests_run_on_what_is_shipped() -> None:
    shipped, tested = pins("run.txt"), pins("dev.txt")

    assert {name: tested.get(name) for name in shipped} == shipped


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_place(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    unknown = [line for line in lines if not re.fullmatch(r"\S+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line)]

    assert unknown == []
    assert len(re.findall(r"==\S+ \\\n    --hash=", text)) == len(pins(lock)) > 0
