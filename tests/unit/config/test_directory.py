"""`[directory]`: sources that there are, URLs that can be asked, secrets that are not shown."""

import pytest

from callbridge import logs

from .conftest import GOOD, WEBHOOK_SECRET, Mistakes, Read

DIRECTORY = '[directory]\nsources = ["own", "crm"]\n'
LOOK_UP = '[[directory.lookup]]\nname = "crm"\nurl = "https://crm.example/phones"\nsecret_env = "HOOK"\n'
WHOLE = GOOD + DIRECTORY + LOOK_UP


def test_a_crm_is_asked_where_it_stands_among_the_sources(read: Read) -> None:
    config = read(WHOLE)

    assert config.directory.sources == ("own", "crm")
    (look_up,) = config.directory.lookup
    assert look_up.secret is not None
    assert look_up.secret.reveal() == WEBHOOK_SECRET
    assert (look_up.deadline_s, look_up.secret_header) == (0.8, "Authorization")
    assert config.warnings == ()


def test_without_a_word_only_our_own_customers_are_asked(read: Read) -> None:
    assert read(GOOD).directory.sources == ("own",)
    assert read(GOOD).directory.lookup == ()


def test_neither_secret_nor_headers_nor_url_are_shown(read: Read) -> None:
    config = read(f'{WHOLE}headers = {{X-Api-Key = "key of the crm"}}\n')

    assert config.directory.lookup[0].headers["X-Api-Key"].reveal() == "key of the crm"
    for word in (WEBHOOK_SECRET, "key of the crm", "crm.example"):
        assert word not in repr(config)


def test_what_is_secret_never_gets_into_the_log(read: Read) -> None:
    read(WHOLE.replace('secret_env = "HOOK"', 'secret = "of the directory"\nheaders = {X-Api-Key = "key of 4711"}'))

    assert logs.scrub("of the directory, and the key of 4711") == f"{logs.HIDDEN}, and the {logs.HIDDEN}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"own", "crm"', '"own", "crn"', '"crn" is no source; did you mean "crm"?'),
        ('"own", "crm"', '"sap"', '"sap" is no source; write "own", or the name of a [[directory.lookup]]'),
        ('"own", "crm"', '"crm", "crm"', '8: directory.sources: "crm" stands there twice'),
        ('name = "crm"', 'name = "own"', '10: directory.lookup.name: "own" are the customers of our own database'),
        ("https://crm.example/phones", "ftp://crm.example", "url: must begin with http:// or https://"),
        ("https://crm.example/phones", "https://me:it@crm.example", "holds a user name or password"),
        ("https://crm.example/phones", "https://crm.example/{numbr}", "{numbr}, which is nothing; did you mean"),
        ("https://crm.example/phones", "https://{pbx}.example/", "has a place in the host"),
        ("https://crm.example/phones", "https://crm.example/#/{number}", "has a part behind #"),
        ("https://crm.example/phones", "https://crm.example/telefónicas", "percent-encoded"),
        ("https://crm.example/phones", "https://crm.example/{number", "percent-encoded"),
        ('secret_env = "HOOK"', 'secret_env = "NONE"', "12: directory.lookup.secret_env: the environment"),
        ('secret_env = "HOOK"', 'secret_header = "Host"', "secret_header: Host is set by callbridge"),
        ('secret_env = "HOOK"', 'secret_env = "HOOK"\nheaders = {authorization = "Basic x"}', "where the secret goes"),
        ('secret_env = "HOOK"', "deadline_s = 0", "deadline_s: must be more than 0"),
        ('secret_env = "HOOK"', "deadline_s = 11", "deadline_s: must be 10 or less"),
        ("[directory]\n", '[directory]\ncustomer_url = "https://crm.example/c"\n', "leads all customers"),
        ("[directory]\n", '[directory]\ncountry = "UK"\n', 'did you mean "GB"?'),
        ("[directory]\n", '[directory]\nregister_directions = ["internal"]\n', '"internal" is no direction of calls'),
        ("[directory]\n", '[directory]\nregister_directions = ["inbuond"]\n', 'did you mean "inbound"?'),
    ],
)  # fmt: skip
def test_what_a_directory_may_not_say(mistakes: Mistakes, old: str, new: str, told: str) -> None:
    assert old in WHOLE
    assert any(told in mistake for mistake in mistakes(WHOLE.replace(old, new, 1)))


def test_two_look_ups_need_two_names(mistakes: Mistakes) -> None:
    assert mistakes(WHOLE + LOOK_UP) == [
        '14: directory.lookup.name: "crm" stands in line 10 already; each needs its own'
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('["own", "crm"]', '["own"]', 'it is never asked; add "crm" to sources under [directory]'),
        ("https://", "http://", "leave this host unencrypted; use https://"),
        ('secret_env = "HOOK"', 'secret = "abc"', "is shorter than 8 letters"),
    ],
)
def test_what_is_allowed_but_unwise_is_warned_of(read: Read, old: str, new: str, told: str) -> None:
    (warning,) = read(WHOLE.replace(old, new, 1)).warnings

    assert told in warning


def test_a_crm_on_this_host_needs_no_tls(read: Read) -> None:
    assert read(WHOLE.replace("https://crm.example", "http://127.0.0.1:8080")).warnings == ()
