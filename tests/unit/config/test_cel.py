from pathlib import Path

import pytest

from callbridge.config.words import CEL_COLUMNS

from .conftest import GOOD, Mistakes, Read


def test_a_file_is_enough(read: Read) -> None:
    cel = read(f'{GOOD}[pbx.cel]\nfile = "/var/log/asterisk/cel-custom/Master.csv"').pbx[0].cel
    assert cel is not None
    assert (cel.file, cel.columns, cel.table) == (Path("/var/log/asterisk/cel-custom/Master.csv"), CEL_COLUMNS, "cel")


def test_the_password_of_a_table_is_put_into_its_url_and_shown_nowhere(read: Read) -> None:
    cel = (
        read(f'{GOOD}[pbx.cel]\nurl = "postgresql+asyncpg://asterisk@db.example/asterisk"\npassword_env = "AMI"')
        .pbx[0]
        .cel
    )
    assert cel is not None
    assert cel.url is not None
    assert cel.url.reveal() == "postgresql+asyncpg://asterisk:correct%20horse@db.example/asterisk"
    assert cel.masked_url == "postgresql+asyncpg://asterisk:•••@db.example/asterisk"
    assert "horse" not in repr(cel)


@pytest.mark.parametrize(
    ("keys", "mistake"),
    [
        ("", "7: pbx.cel.file: give file, or url: the one of both that Asterisk writes to"),
        (
            'file = "/a"\nurl = "sqlite+aiosqlite:////b"',
            "8: pbx.cel.file: give file, or url: the one of both that Asterisk writes to",
        ),
        ('file = "Master.csv"', '8: pbx.cel.file: "Master.csv" must be an absolute path; begin it with /'),
        ('fil = "/a"', '8: pbx.cel.fil: is an unknown key; did you mean "file"?'),
        (
            'file = "/a"\ncolumns = ["eventtyp"]',
            '9: pbx.cel.columns: "eventtyp" is no column of CEL; did you mean "eventtype"?',
        ),
        (
            'file = "/a"\ntable = "a b"',
            '9: pbx.cel.table: "a b" is no name of a table; write it like "cel" or "asterisk.cel"',
        ),
        (
            'file = "/a"\ntimezone = "Europe/Lisboa"',
            '9: pbx.cel.timezone: "Europe/Lisboa" is no time zone; did you mean "Europe/Lisbon"?',
        ),
        ('file = "/a"\nmost_days = 0', "9: pbx.cel.most_days: must be more than 0"),
        (
            'url = "sqlite:////b"',
            '8: pbx.cel.url: is of a kind callbridge does not know; did you mean "sqlite+aiosqlite://…"?',
        ),
        (
            'url = "sqlite+aiosqlite:////b"\ncolumns = ["eventtype"]',
            "9: pbx.cel.columns: is for a file; a table tells its columns itself; take it out",
        ),
    ],
)
def test_each_mistake_says_what_to_do(keys: str, mistake: str, mistakes: Mistakes) -> None:
    assert mistake in mistakes(f"{GOOD}[pbx.cel]\n{keys}")
