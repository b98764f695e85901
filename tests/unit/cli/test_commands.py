import json
from pathlib import Path

import pytest

from callbridge.config import Finding, Level
from callbridge.errors import AlreadyRunning, StoreUnavailable, TapeDamaged

from .conftest import Callbridge, FakeApp


@pytest.mark.patient
def test_run_is_the_daemon_until_it_ends(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    assert callbridge("run", "--config", config).status == 0
    assert app.calls == [("run", config)]


def test_run_starts_nothing_on_a_bad_config(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    config.write_text('data_dri = "/x"\n')
    answer = callbridge("run", "--config", config)
    assert answer.status == 2
    assert 'data_dri: is an unknown key; did you mean "data_dir"?' in answer.err
    assert app.calls == []


def test_run_logs_what_is_unwise_as_json_where_no_terminal_reads(
    callbridge: Callbridge, app: FakeApp, config: Path
) -> None:
    config.write_text(config.read_text() + 'host = "pbx.example"\n')
    line = json.loads(callbridge("run", "--config", config).err)
    assert (line["level"], line["action"]) == ("warning", "config.warning")
    assert "pbx.ami.host: AMI leaves this host without TLS" in line["event"]
    assert app.calls


def test_an_error_is_one_clear_message_and_no_traceback(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    app.error = AlreadyRunning("Another callbridge answers. Stop it.")
    answer = callbridge("run", "--config", config)
    assert (answer.status, answer.err) == (1, "callbridge: Another callbridge answers. Stop it.\n")


def test_no_error_shows_a_secret_or_steers_the_terminal(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    app.error = StoreUnavailable("The database said 'correct horse \x1b[2J'. See whsec_abc.")
    assert callbridge("run", "--config", config).err == "callbridge: The database said '••• ␛[2J'. See •••.\n"


def test_the_config_may_be_named_in_the_environment(
    callbridge: Callbridge, app: FakeApp, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLBRIDGE_CONFIG", str(config))
    assert callbridge("run").status == 0
    assert app.calls == [("run", config)]


def test_check_tells_every_finding_with_what_to_do(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    app.findings = [
        Finding(Level.OK, "c.toml:5", "AMI answers"),
        Finding(Level.PROBLEM, "c.toml:6", "log-in [refused]", "look into manager.conf"),
        Finding(Level.WARNING, "c.toml:7", "the clock differs by 3 s"),
        Finding(Level.PROBLEM, "", "no database", "callbridge db upgrade"),
    ]
    answer = callbridge("check", "--config", config)
    assert answer.status == 1
    assert answer.out.splitlines() == [
        f"✓ {config}: the configuration is well formed",
        "✓ c.toml:5: AMI answers",
        "✗ c.toml:6: log-in [refused]",
        "  → look into manager.conf",
        "! c.toml:7: the clock differs by 3 s",
        "✗ no database",
        "  → callbridge db upgrade",
        "2 problems.",
    ]


def test_check_is_clean_when_only_warnings_are_left(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    app.findings = [Finding(Level.WARNING, "", "the clock differs by 3 s")]
    answer = callbridge("check", "--config", config)
    assert (answer.status, answer.out.splitlines()[-1]) == (0, "No problems.")


def test_check_offline_connects_to_nothing(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    config.write_text(config.read_text() + 'host = "pbx.example"\n')
    answer = callbridge("check", "--offline", "--config", config)
    assert answer.status == 0
    assert f"! {config}:7: pbx.ami.host: AMI leaves this host without TLS" in answer.out
    assert app.calls == []


def test_check_tells_every_mistake_of_the_config_and_goes_no_further(
    callbridge: Callbridge, app: FakeApp, config: Path
) -> None:
    config.write_text(config.read_text() + "prot = 1\n[lgo]\n")
    answer = callbridge("check", "--config", config)
    assert answer.status == 1
    assert answer.out.splitlines() == [
        f'✗ {config}:7: pbx.ami.prot: is an unknown key; did you mean "port"?',
        f'✗ {config}:8: lgo: is an unknown key; did you mean "log"?',
        "2 problems.",
    ]
    assert app.calls == []


def test_replay_prints_the_events_one_line_each(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    app.replayed = [b'{"type":"call.started"}', b'{"type":"call.ended"}']
    answer = callbridge("replay", config, "--pbx-config", config)
    assert (answer.status, answer.out) == (0, '{"type":"call.started"}\n{"type":"call.ended"}\n')
    assert app.calls == [("replay", config, ["main"])]


def test_a_damaged_tape_is_told_after_what_came_before(callbridge: Callbridge, app: FakeApp, config: Path) -> None:
    app.replayed = [b'{"type":"call.started"}']
    app.error = TapeDamaged("The tape is damaged at byte 17. What came before was played.")
    answer = callbridge("replay", config)
    assert (answer.status, answer.out) == (1, '{"type":"call.started"}\n')
    assert "byte 17" in answer.err


def test_record_knows_the_only_pbx_and_asks_where_there_are_more(
    callbridge: Callbridge, app: FakeApp, config: Path, tmp_path: Path
) -> None:
    tape = tmp_path / "monday.tape"
    assert callbridge("record", tape, "--config", config).status == 0
    config.write_text(config.read_text() + config.read_text().partition("\n")[2].replace("main", "annex"))
    unsaid = callbridge("record", tape, "--config", config)
    mistyped = callbridge("record", tape, "--config", config, "--pbx", "anex")
    assert callbridge("record", tape, "--config", config, "--pbx", "annex").status == 0
    assert (unsaid.status, mistyped.status) == (2, 2)
    assert "choose one of main, annex" in unsaid.err
    assert 'did you mean "annex"?' in mistyped.err
    assert app.calls == [("record", config, tape, "main"), ("record", config, tape, "annex")]


@pytest.mark.parametrize("command", [("record",), ("db", "backup")])
def test_no_file_is_written_over(callbridge: Callbridge, app: FakeApp, config: Path, command: tuple[str, ...]) -> None:
    answer = callbridge(*command, config, "--config", config)
    assert answer.status == 1
    assert "is there already" in answer.err
    assert app.calls == []


def test_the_database_is_upgraded_checked_and_copied(
    callbridge: Callbridge, app: FakeApp, config: Path, tmp_path: Path
) -> None:
    app.findings = [Finding(Level.PROBLEM, "", "the schema is of 0002", "callbridge db upgrade")]
    copy = tmp_path / "copy.db"
    assert callbridge("db", "upgrade", "--config", config).out == "The schema is at 0003.\n"
    assert callbridge("db", "check", "--config", config).status == 1
    assert callbridge("db", "backup", copy, "--config", config).out == f"Copied to {copy}.\n"
    assert [call[0] for call in app.calls] == ["upgrade", "check_database", "backup"]
