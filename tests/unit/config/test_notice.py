import pytest

from callbridge.config import changes

from .conftest import GOOD, Mistakes, Read

SERVER = '[notice]\nsmtp_host = "smtp.example"\nfrom_address = "calls@example.com"\n'
ANA = '[[notice.to]]\naddress = "ana@example.com"\n'


def test_who_is_told_and_by_which_server(read: Read) -> None:
    notice = read(GOOD + SERVER + ANA + 'agent = "201"\nqueues = ["sales*"]\ndigest_minutes = 60\n').notice

    assert (notice.smtp_host, notice.port, notice.from_name) == ("smtp.example", 587, "callbridge")
    assert [(to.address, to.agent, to.queues, to.digest_minutes) for to in notice.to] == [
        ("ana@example.com", "201", ("sales*",), 60)
    ]


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_is_the_usual_one_of_the_way_there(read: Read, security: str, port: int) -> None:
    text = SERVER.replace("smtp.example", "localhost") + f'security = "{security}"\n'
    assert read(GOOD + text + ANA).notice.port == port


def test_without_a_server_nothing_is_sent_and_nothing_else_is_needed(read: Read) -> None:
    config = read(GOOD)
    assert config.notice.smtp_host is None
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[notice]\nsmtp_host = "smtp.example"\n', "notice.from_address: is missing"),
        (SERVER + 'username = "u"\n', "notice.username: goes with a password"),
        (SERVER + 'password = "correct horse"\n', "notice.username: goes with a password"),
        (SERVER + 'security = "none"\n', "notice.security: names and numbers of callers would leave this host"),
        (SERVER + 'security = "ssl"\n', "notice.security: must be one of starttls, tls, none"),
        (SERVER + 'language = "de"\n', "notice.language: must be one of en, pt, pl"),
        (SERVER + 'from_name = "a\\nBcc: b@example.com"\n', "notice.from_name: must be one line"),
        (SERVER + f'from_name = "{"a" * 101}"\n', "notice.from_name: must be one line of 100"),
        (SERVER + 'row_url = "https://crm.example/missed"\n', "notice.row_url: must hold {id} once"),
        (SERVER + 'row_url = "https://crm.example/{id}/{name}"\n', "notice.row_url: must hold {id} once"),
        (SERVER + 'row_url = "javascript:{id}"\n', "notice.row_url: must begin with http"),
        (SERVER + "timeout_s = 61\n", "notice.timeout_s: must be 60 or less"),
        (SERVER + "again_after_minutes = 1441\n", "notice.again_after_minutes: must be 1440 or less"),
        (SERVER + ANA + "digest_minutes = 0\n", "notice.to.digest_minutes: must be more than 0"),
        (SERVER + ANA + 'digest = "60"\n', 'notice.to.digest: is an unknown key; did you mean "digest_minutes"?'),
        (SERVER + ANA + ANA, 'notice.to.address: "ana@example.com" stands in line'),
    ],
)
def test_what_cannot_be_meant_is_refused(mistakes: Mistakes, text: str, mistake: str) -> None:
    assert any(mistake in line for line in mistakes(GOOD + text)), mistakes(GOOD + text)


@pytest.mark.parametrize(
    "address",
    [
        "ana",
        "ana@",
        "@example.com",
        "ana@exam ple.com",
        "ana@example.com, eva@example.com",
        "ana@example.com\\r\\nBcc: eva@example.com",
        "ana@example.com\\n",
        "<ana@example.com>",
        "anã@example.com",
        "ana..b@example.com",
        "ana@-example.com",
        f"{'a' * 65}@example.com",
        f"a@{'b.' * 130}com",
    ],
)
def test_what_is_no_address_is_refused(mistakes: Mistakes, address: str) -> None:
    told = mistakes(GOOD + SERVER + ANA.replace("ana@example.com", address))
    assert ["is no e-mail address" in line for line in told] == [True]


@pytest.mark.parametrize("address", ["ana@example.com", "ana.costa+calls@mail.example.co.uk", "root@localhost"])
def test_an_address_of_any_usual_shape_is_taken(read: Read, address: str) -> None:
    assert read(GOOD + SERVER + ANA.replace("ana@example.com", address)).notice.to[0].address == address


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (ANA, "notice.smtp_host: is left out, so nobody is told"),
        (SERVER, "notice.smtp_host: has nobody to write to"),
        (SERVER + ANA + "enabled = false\n", "notice.smtp_host: has nobody to write to"),
        (SERVER + 'security = "none"\nallow_plain = true\n' + ANA, "notice.security: who called leave this host"),
        (
            SERVER.replace("smtp.example", "127.0.0.1") + 'security = "none"\ntls_ca = "/ca.pem"\n' + ANA,
            "notice.tls_ca: has no effect",
        ),
    ],
)
def test_what_is_unwise_is_warned_of(read: Read, text: str, warning: str) -> None:
    assert [warning in line for line in read(GOOD + text).warnings] == [True]


def test_plain_text_to_this_host_is_fine(read: Read) -> None:
    text = SERVER.replace("smtp.example", "127.0.0.1") + 'security = "none"\n' + ANA
    assert read(GOOD + text).warnings == ()


def test_a_reload_applies_all_of_it(read: Read) -> None:
    old, new = read(GOOD + SERVER + ANA), read(GOOD + SERVER + 'language = "pt"\n' + ANA.replace("ana@", "eva@"))
    assert changes(old, new) == (("notice.language", "notice.to.ana@example.com", "notice.to.eva@example.com"), ())


def test_the_password_is_hidden(read: Read) -> None:
    config = read(GOOD + SERVER + 'username = "u"\npassword = "battery staple"\n' + ANA)
    assert config.notice.password is not None
    assert config.notice.password.reveal() == "battery staple"
    assert "battery staple" not in repr(config)
