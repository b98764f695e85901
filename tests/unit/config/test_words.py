import pytest

from .conftest import GOOD, Mistakes, Read

PBX = GOOD.partition("[pbx.ami]")[0]
REST = "[pbx.ami]\n" + GOOD.partition("[pbx.ami]\n")[2]
WEBHOOK = '[[webhook]]\nname = "crm"\nurl = "https://crm.example"\nsecret_env = "HOOK"\n'


@pytest.mark.parametrize(
    "line",
    [
        'outside_prefix = "0"',
        'extensions = ["1XXX", "2XX", "_3ZN", "4.", "100"]',
        'trunks = ["PJSIP/trunk*", "DAHDI/i1", "Quectel/*"]',
        'timezone = "America/Sao_Paulo"',
        'recordings_dir = "/srv/recordings"',
    ],
)
def test_what_a_pbx_may_say(read: Read, line: str) -> None:
    assert read(f"{PBX}{line}\n{REST}").pbx[0].id == "main"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('extensions = ["1XXX", "2[1-3]X"]', '"2[1-3]X" is no extension pattern; write digits, X, Z, N and a last .'),
        ('extensions = ["1.X"]', '"1.X" is no extension pattern'),
        ('extensions = ["."]', '"." is no extension pattern'),
        ('extensions = "1XXX"', 'must be a list, such as ["…", "…"]'),
        ("extensions = [1]", "must be text in quotes"),
        ('trunks = ["trunk"]', '"trunk" names no channels; write technology/name, such as "PJSIP/trunk*"'),
        ('trunks = ["pjsip/trunk*"]', 'did you mean "PJSIP/trunk*"?'),
        ('trunks = ["PJSIP/"]', "names no channels"),
        ('timezone = "../../etc/passwd"', "is no time zone"),
        ('timezone = "Europe"', "is no time zone"),
        ('timezone = "Lisbon"', "is no time zone"),
        ('outside_prefix = "0w"', "may hold digits, * and # only"),
        ('recordings_dir = "monitor"', '"monitor" must be an absolute path; begin it with /'),
        ("recordings_dir = 1", "must be text in quotes"),
        ('extention = ["1"]', 'is an unknown key; did you mean "extensions"?'),
        ("queue_max = 1", "does not belong here but under [pbx.ami]; move it there"),
        ("zzz = 1", "is an unknown key; take it out. The keys here are id, country,"),
    ],
)
def test_what_a_pbx_may_not_say(mistakes: Mistakes, line: str, told: str) -> None:
    (mistake,) = mistakes(f"{PBX}{line}\n{REST}")
    assert mistake.startswith("5: pbx.")
    assert told in mistake


@pytest.mark.parametrize(("code", "told"), [("pt", '"PT"'), ("UK", '"GB"'), ("Portugal", '"PT"'), ("XX", '"PT"')])
def test_a_country_that_is_none_is_told_what_to_write(mistakes: Mistakes, code: str, told: str) -> None:
    (mistake,) = mistakes(GOOD.replace('"PT"', f'"{code}"'))
    assert mistake.startswith(f'4: pbx.country: "{code}" is no country code; ')
    assert told in mistake


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("port = 0", "port: must be 1 or more"),
        ("port = 65536", "port: must be 65535 or less"),
        ('port = "5038"', "port: must be a whole number"),
        ("port = 5038.0", "port: must be a whole number"),
        ("tls = 1", "tls: must be true or false"),
        ("ping_interval_s = 0", "ping_interval_s: must be more than 0"),
        ("ping_interval_s = nan", "ping_interval_s: must be "),
        ("ping_deadline_s = inf", "ping_deadline_s: must be 3600 or less"),
        ('host = "pbx.example:5038"', "is no host name or address; the port stands in a key of its own"),
        ('host = "http://pbx"', "is no host name or address"),
        ('username = "a\\nAction: Originate"', "username: must be one line of text"),
        ('username = ""', "username: must be one line of text"),
    ],
)
def test_what_ami_may_not_say(mistakes: Mistakes, line: str, told: str) -> None:
    (mistake,) = mistakes(f"{GOOD}{line}\n")
    assert mistake.startswith("7: pbx.ami.")
    assert told in mistake


@pytest.mark.parametrize("glob", ["*", "call.*", "recording.ready", "*.missed", "call.[eh]*"])
def test_a_glob_that_matches_an_event_is_taken(read: Read, glob: str) -> None:
    assert read(f'{GOOD}{WEBHOOK}events = ["{glob}"]\n').webhook[0].events == (glob,)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('events = ["call.*", "cal.ended"]', '"cal.ended" matches no event; did you mean "call.ended"?'),
        ('events = ["Call.*"]', '"Call.*" matches no event; did you mean "call.*"?'),
        ("events = []", "must hold at least 1; add one"),
        ("timeout_s = 61", "must be 60 or less"),
        ("concurrency = 0", "must be 1 or more"),
        ('enabled = "yes"', "must be true or false, without quotes"),
    ],
)
def test_what_a_webhook_may_not_say(mistakes: Mistakes, line: str, told: str) -> None:
    (mistake,) = mistakes(f"{GOOD}{WEBHOOK}{line}\n")
    assert mistake.startswith("11: webhook.")
    assert told in mistake


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("crm.example/hooks", "must begin with http:// or https://"),
        ("https://", "names no host"),
        ("https:///hooks", "names no host"),
        ("https://crm.example:port", "is no URL"),
        ("https://[::1", "is no URL"),
        ("https://crm example", "names no host"),
        ("https://user:pw@crm.example", "holds a user name or password"),
    ],
)
def test_a_webhook_leads_to_a_url(mistakes: Mistakes, url: str, told: str) -> None:
    (mistake,) = mistakes(GOOD + WEBHOOK.replace("https://crm.example", url))
    assert told in mistake


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:8700", "127.0.0.1", 8700), ("[::1]:0", "::1", 0), ("localhost:80", "localhost", 80)],
)
def test_where_http_listens(read: Read, listen: str, host: str, port: int) -> None:
    http = read(f'{GOOD}[http]\nlisten = "{listen}"\n').http
    assert (http.host, http.port) == (host, port)


@pytest.mark.parametrize(
    "listen", ["8700", ":8700", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x", "h:1/path", "u@h:1"]
)
def test_where_http_cannot_listen(mistakes: Mistakes, listen: str) -> None:
    (mistake,) = mistakes(f'{GOOD}[http]\nlisten = "{listen}"\n')
    assert f'8: http.listen: "{listen}" must be host:port' in mistake
