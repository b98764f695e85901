"""Live tests are skipped when, and only when, there is nothing to run them on."""

from pathlib import Path

import pytest

from tests.lab.program import NoAsterisk, find_old_program, find_program


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but the phones, and an empty cache. Returns its `bin`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for phone in ("sipp", "baresip", "setpriv"):
        put(programs / phone)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("CALLBRIDGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tests.lab.program.SBIN", str(tmp_path / "sbin"))
    return programs


@pytest.fixture
def tree(host: Path) -> Path:
    """What set-up leaves in the cache."""
    return unpack(host.parent / "cache/asterisk-22", "usr/lib/x86_64-linux-gnu/asterisk/modules")


def unpack(tree: Path, modules: str) -> Path:
    for folder in (modules, "usr/share/asterisk"):
        (tree / folder).mkdir(parents=True)
    (tree / ".complete").touch()
    return tree


def put(path: Path, prints: str = "") -> None:
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)


def test_without_any_asterisk_the_text_says_what_to_do(host: Path) -> None:
    with pytest.raises(NoAsterisk, match="make setup"):
        find_program()


def test_without_phones_the_text_names_them(host: Path, tree: Path) -> None:
    (host / "sipp").unlink()

    with pytest.raises(NoAsterisk, match="live calls need sipp:"):
        find_program()


def test_the_cached_tree_runs_in_place(tree: Path) -> None:
    program = find_program()

    assert program.command == tree / "asterisk"
    assert program.modules == tree / "usr/lib/x86_64-linux-gnu/asterisk/modules"


def test_a_tree_half_unpacked_is_no_asterisk(tree: Path) -> None:
    (tree / ".complete").unlink()

    with pytest.raises(NoAsterisk):
        find_program()


@pytest.mark.parametrize("told", ["Asterisk 16.28.0~dfsg", "Asterisk certified/13.8", "Asterisk GIT-master"])
def test_an_asterisk_too_old_or_unknown_is_passed_over(host: Path, tree: Path, told: str) -> None:
    put(host / "asterisk", told)

    assert find_program().command == tree / "asterisk"


@pytest.mark.parametrize("told", ["Asterisk 18.10.0", "Asterisk certified/20.7-cert2", "Asterisk 22.10.1+dfsg"])
def test_the_hosts_own_asterisk_comes_first(host: Path, tree: Path, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(host / "asterisk", told)
    monkeypatch.setattr("tests.lab.program.ROOT", tree)

    assert find_program().command == host / "asterisk"


def test_the_oldest_dialect_runs_in_its_own_tree(tree: Path) -> None:
    old = unpack(tree.with_name("asterisk-16"), "usr/lib/asterisk/modules")

    assert find_old_program().command == old / "asterisk"
    assert find_program().command == tree / "asterisk"


def test_without_the_oldest_dialect_its_tests_say_what_set_up_found(tree: Path) -> None:
    with pytest.raises(NoAsterisk, match="make setup"):
        find_old_program()
    tree.with_name("asterisk-16.missing").write_text("the mirror has no Debian 11\n")

    with pytest.raises(NoAsterisk, match=r"oldest dialect needs Asterisk 16 in .*: the mirror has no Debian 11$"):
        find_old_program()
