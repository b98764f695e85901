from pathlib import Path

import pytest

from callbridge.config import Limits, data_dir_of, load, load_limits, load_profiles
from callbridge.errors import ConfigError

from .conftest import GOOD, WEBHOOK_SECRET, Mistakes, Read, Write

EVERY_KIND_OF_MISTAKE = """\
data_dri = "/var/lib/callbridge"
[[pbx]]
id = "main office"
timezone = "Europe/Lisbo"
country = "pt"
extensions = [
  "1XXX",
  "2xx",
]
level = "debug"
[pbx.ami]
port = "5038"
queue_max = 1
secret_file = "nowhere.secret"
[[webhook]]
url = "ftp://crm.example"
events = ["cal.*"]
[log]
level = "warn"
"""


def test_every_mistake_is_told_at_once(mistakes: Mistakes, tmp_path: Path) -> None:
    assert mistakes(EVERY_KIND_OF_MISTAKE) == [
        '1: data_dri: is an unknown key; did you mean "data_dir"?',
        '3: pbx.id: "main office" must be 1 to 32 letters, digits, - or _, beginning with a letter or digit',
        '4: pbx.timezone: "Europe/Lisbo" is no time zone; did you mean "Europe/Lisbon"?',
        '5: pbx.country: "pt" is no country code; did you mean "PT"?',
        '8: pbx.extensions: "2xx" is no extension pattern; did you mean "2XX"?',
        "10: pbx.level: does not belong here but under [log]; move it there",
        "12: pbx.ami.port: must be a whole number, without quotes",
        "13: pbx.ami.queue_max: must be 100 or more",
        f"14: pbx.ami.secret_file: there is no nowhere.secret in {tmp_path}; create it, readable by callbridge only",
        "15: webhook.secret: is missing; give secret_file, or secret_env",
        "15: webhook.name: is missing; add it",
        '16: webhook.url: must begin with http:// or https://, not "ftp:"',
        '17: webhook.events: "cal.*" matches no event; did you mean "call.*"?',
        '19: log.level: must be one of debug, info, warning, error; did you mean "warning"?',
    ]


def test_a_small_file_is_enough(read: Read) -> None:
    config = read(GOOD)
    assert config.pbx[0].ami.secret.reveal() == "correct horse"
    assert config.pbx[0].ari is None
    assert (config.http.host, config.http.port) == ("127.0.0.1", 8700)
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("[[pbx]]\nid = main\n", "2: is no valid TOML at column 6: Invalid value; text stands in"),
        ("data_dir = '/a'\ndata_dir = '/b'\n", "2: is no valid TOML at column 16: Cannot overwrite a value; it stands"),
        ('a = "never closed', "1: is no valid TOML"),
        ("a = [1,\n\n", "3: is no valid TOML at column 1"),
        ("a = " + "[" * 5000, "1: is nested too deeply"),
    ],
)
def test_a_slip_in_the_toml_is_told_with_its_line(mistakes: Mistakes, broken: str, told: str) -> None:
    (line,) = mistakes(broken)
    assert line.startswith(told)


def test_text_that_is_no_utf8_is_told_with_its_line(write: Write) -> None:
    path = write("")
    path.write_bytes(b'a = "1"\nb = "\xff"\n')
    with pytest.raises(ConfigError, match=r"callbridge\.toml:2: is not UTF-8 text"):
        load(path, environ={})


def test_a_file_saved_on_windows_is_read(write: Write) -> None:
    path = write("")
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path, environ={"AMI": "correct horse"}).pbx[0].id == "main"


@pytest.mark.parametrize(
    ("path", "told"),
    [("absent.toml", "there is no such file; write one from"), (".", "cannot be read: Is a directory")],
)
def test_a_file_that_cannot_be_had_says_what_to_do(tmp_path: Path, path: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(tmp_path / path, environ={})


def test_a_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigError, match="is longer than 1048576 bytes"):
        load(Path("/dev/zero"), environ={})


def test_nothing_configured_says_which_tables_are_needed(mistakes: Mistakes) -> None:
    assert mistakes("") == ["1: pbx: is missing; add it under [[pbx]]"]


@pytest.mark.parametrize("wrong", ['pbx = "x"', "pbx = [1]", "pbx = []", "[pbx]\nid = 'x'", "database = 1", "log = []"])
def test_a_table_of_the_wrong_kind_is_a_mistake_and_no_crash(mistakes: Mistakes, wrong: str) -> None:
    assert mistakes(wrong)


def test_two_of_one_name_are_told_with_the_line_of_the_first(mistakes: Mistakes) -> None:
    webhook = '[[webhook]]\nname = "crm"\nurl = "https://crm.example"\nsecret_env = "HOOK"\n'
    twice = GOOD + GOOD.partition("\n")[2] + webhook + webhook
    assert mistakes(twice) == [
        '8: pbx.id: "main" stands in line 3 already; each needs its own',
        '17: webhook.name: "crm" stands in line 13 already; each needs its own',
    ]


def test_what_is_allowed_but_unwise_is_a_warning(read: Read) -> None:
    config = read(
        GOOD + 'host = "pbx.example"\ntls_ca = "/ca.pem"\n[http]\nlisten = "0.0.0.0:80"\n'
        '[[webhook]]\nname = "crm"\nurl = "http://crm.example"\nsecret_env = "HOOK"\n'
    )
    told = [line.rpartition("callbridge.toml:")[2].split(": ")[:2] for line in config.warnings]
    assert told == [["7", "pbx.ami.host"], ["8", "pbx.ami.tls_ca"], ["10", "http.listen"], ["13", "webhook.url"]]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_plain_ami_on_this_host_needs_no_warning(read: Read, host: str) -> None:
    assert read(GOOD + f'host = "{host}"\n').warnings == ()


def test_an_authority_without_tls_is_warned_of(read: Read) -> None:
    (line,) = read(GOOD + '[pbx.ari]\npassword_env = "AMI"\ntls_ca = "/ca.pem"\n').warnings
    assert "9: pbx.ari.tls_ca: has no effect without TLS" in line


def test_the_url_of_a_webhook_is_not_shown_for_it_may_hold_a_token(read: Read) -> None:
    config = read(GOOD + '[[webhook]]\nname = "crm"\nurl = "https://crm.example/?key=t0ken"\nsecret_env = "HOOK"\n')
    assert "t0ken" not in repr(config)


def test_a_key_left_out_is_where_its_table_is(read: Read) -> None:
    config = read(GOOD)
    assert config.where("pbx", 0, "ami", "secret_env").endswith("callbridge.toml:6")
    assert config.where("pbx", 0, "ami", "port").endswith("callbridge.toml:5")
    assert config.where("http", "listen").endswith("callbridge.toml:1")


def test_the_database_is_in_the_data_folder_unless_told_otherwise(read: Read) -> None:
    config = read(GOOD.replace("/var/lib/callbridge", "/srv/calls"))
    assert config.database.url.reveal() == "sqlite+aiosqlite:////srv/calls/callbridge.db"


def test_the_password_of_the_database_is_put_in_and_never_shown(read: Read) -> None:
    config = read(GOOD + '[database]\nurl = "postgresql+asyncpg://cb@db/calls?ssl=require"\npassword_env = "AMI"\n')
    assert config.database.url.reveal() == "postgresql+asyncpg://cb:correct%20horse@db/calls?ssl=require"
    assert config.database.masked_url == "postgresql+asyncpg://cb:•••@db/calls?ssl=require"
    assert "horse" not in repr(config) + str(config)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:////x/callbridge.db", 'did you mean "sqlite+aiosqlite://…"?'),
        ("postgres://db/calls", 'did you mean "postgresql+asyncpg://…"?'),
        ("mysql://db/calls", "begin it with sqlite+aiosqlite:///"),
        ("sqlite+aiosqlite:///callbridge.db", "needs an absolute path"),
        ("sqlite+aiosqlite://", "needs an absolute path"),
        ("postgresql+asyncpg://db", "needs a host and a database"),
        ("postgresql+asyncpg://db:port/calls", "needs a host and a database"),
        ("postgresql+asyncpg://[::1/calls", "needs a host and a database"),
    ],
)
def test_a_database_url_that_cannot_work_is_refused(mistakes: Mistakes, url: str, told: str) -> None:
    (line,) = mistakes(f'{GOOD}[database]\nurl = "{url}"\n')
    assert line.startswith("8: database.url: ")
    assert told in line


def test_no_mistake_quotes_a_secret(mistakes: Mistakes) -> None:
    lines = mistakes(
        GOOD.replace('secret_env = "AMI"', 'secret = "hunter2hunter2"\nsecret_env = "AMI"')
        + '[database]\nurl = "mysql://u:hunter2hunter2@db/x"\n'
        '[[webhook]]\nname = "a"\nurl = "https://u:hunter2hunter2@crm.example"\nsecret = "hunter2hunter2"\n'
    )
    assert len(lines) == 4
    assert "hunter2" not in "".join(lines)


def test_a_replay_needs_no_secret_and_no_other_file(write: Write) -> None:
    text = '[[pbx]]\nid = "a"\ncountry = "PT"\n[[pbx]]\nid = "b"\ncountry = "PL"\ntrunks = ["PJSIP/t*"]\n'
    tables_alone = load_profiles(write(text))
    whole = load_profiles(write(GOOD + '[[webhook]]\nname = "crm"\nsecret_file = "/nowhere"\n'))
    assert [(each.id, each.country, each.trunks) for each in tables_alone] == [
        ("a", "PT", ()),
        ("b", "PL", ("PJSIP/t*",)),
    ]
    assert [each.id for each in whole] == ["main"]


def test_a_replay_is_told_its_mistakes_too(write: Write) -> None:
    text = '[[pbs]]\n[[pbx]]\nid = "a"\ncuntry = "PT"\n[[pbx]]\nid = "a"\ncountry = "PT"\n'
    with pytest.raises(ConfigError) as refused:
        load_profiles(write(text))
    assert [line.rpartition("callbridge.toml:")[2] for line in refused.value.mistakes] == [
        '1: pbs: is an unknown key; did you mean "pbx"?',
        "2: pbx.country: is missing; add it",
        '4: pbx.cuntry: is an unknown key; did you mean "country"?',
        '6: pbx.id: "a" stands in line 3 already; each needs its own',
    ]


def test_a_replay_goes_by_the_limits_of_the_file_and_by_none_where_there_are_none(write: Write) -> None:
    assert load_limits(write('[limits]\ninbound_s = 60\nqueues."front desk" = 9.5\n')) == Limits(
        inbound_s=60, queues={"front desk": 9.5}
    )
    assert load_limits(write(GOOD)) == Limits()


def test_a_replay_is_told_what_is_wrong_with_its_limits(write: Write) -> None:
    with pytest.raises(ConfigError) as refused:
        load_limits(write('[limits]\ninbund_s = 60\noutbound_s = 0\ninternal_s = "5"\n[limits.queues]\nsales = -1\n'))
    assert [line.rpartition("callbridge.toml:")[2].partition(":")[0] for line in refused.value.mistakes] == list("2346")
    assert 'did you mean "inbound_s"?' in refused.value.mistakes[0]


def test_a_replay_without_a_pbx_is_refused(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"pbx: is missing; describe the PBX in a table \[\[pbx\]\]"):
        load_profiles(write(""))


def test_the_data_folder_is_found_in_a_file_full_of_mistakes(write: Write) -> None:
    assert data_dir_of(write('data_dir = "/srv/calls"\nnonsense = 1\n')) == Path("/srv/calls")
    assert data_dir_of(write("")) == Path("/var/lib/callbridge")


def test_a_data_folder_too_deep_for_a_socket_is_refused(mistakes: Mistakes) -> None:
    (line,) = mistakes(GOOD.replace("/var/lib/callbridge", "/" + "x" * 100))
    assert line.startswith("1: data_dir: is too long for the control socket")


def test_a_webhook_secret_comes_through(read: Read) -> None:
    config = read(GOOD + '[[webhook]]\nname = "crm"\nurl = "https://crm.example"\nsecret_env = "HOOK"\n')
    assert config.webhook[0].secret.reveal() == WEBHOOK_SECRET
    assert config.webhook[0].events == ("*",)
