from pathlib import Path

import pytest

from callbridge.config import Finding, Level

from .conftest import Callbridge, FakeApp


@pytest.mark.parametrize(("level", "status"), [(Level.OK, 0), (Level.PROBLEM, 1)])
def test_a_test_mail_says_what_came_of_it(
    callbridge: Callbridge, app: FakeApp, config: Path, level: Level, status: int
) -> None:
    app.findings = [Finding(level, "c.toml:9", "the mail server said something", "do this")]

    answer = callbridge("notice", "test", "ana@example.com", "--config", config)

    assert answer.status == status
    assert "the mail server said something" in answer.out
    assert app.calls == [("send_trial", config, "ana@example.com")]


@pytest.mark.parametrize("address", ["ana", "ana@example.com\nBcc: eva@example.com"])
def test_what_is_no_address_is_refused(callbridge: Callbridge, app: FakeApp, config: Path, address: str) -> None:
    answer = callbridge("notice", "test", address, "--config", config)

    assert answer.status == 2
    assert "is no e-mail address" in answer.err
    assert app.calls == []
