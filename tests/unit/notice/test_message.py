"""What stands in a mail, whatever a caller is called."""

import email
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default

import pytest

from callbridge.calls.call import Party
from callbridge.notice.message import Letter, about, clean, message_id, trial
from callbridge.notice.words import WORDS, Language
from callbridge.ports import Matter

from .made import ANA, AT, HEAD, MARIA, a_matter

NASTY = [
    "Eve\r\nBcc: victim@example.com",
    "Eve\nSubject: other",
    "Eve\x00\x1b[2J\x7f",
    "=?utf-8?q?Eve=0D=0ABcc:_victim=40example.com?=",
    "\u202egnirts\u202c",
    "\u2028line\u2029paragraph\x85next",
    "half \ud83d of a pair",
    '"Eve" <eve@example.com>',
    "<script>alert(1)</script>",
]


def parsed(letter: Letter) -> EmailMessage:
    found = email.message_from_bytes(letter.body, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def about_one(matter: Matter, language: Language = Language.EN, row_url: str | None = None) -> EmailMessage:
    head = replace(HEAD, language=language, row_url=row_url)
    return parsed(about([matter], ANA, head, "evt_1", AT))


def lines(mail: EmailMessage) -> list[str]:
    return str(mail.get_content()).splitlines()


def test_the_mail_says_who_called_when_and_whom() -> None:
    matter = a_matter(
        customer="ACME, Lda",
        count=3,
        first_at=AT - timedelta(minutes=30),
        queue="sales",
        rung=(Party("201", "201", "Ana Costa", "201"), Party("202", "202", None, "202")),
        calling=("Eva Reis",),
    )

    mail = about_one(matter, row_url="https://crm.example/missed/{id}")

    assert mail["Subject"] == "Missed call: +351912345678 Maria Silva"
    assert lines(mail) == [
        "From: +351912345678 Maria Silva",
        "Customer: ACME, Lda",
        "When: 2026-11-22 11:00 CET",
        "Tries: 3 (first: 2026-11-22 10:30 CET)",
        "Queue: sales",
        "Rang: 201 Ana Costa, 202",
        "Being called back by: Eva Reis",
        "https://crm.example/missed/mis_a",
        "",
        "-- ",
        "Sent by callbridge. Answers to this address are not read.",
    ]


def test_the_headers_say_who_writes_to_whom_and_that_no_answer_is_wanted() -> None:
    mail = about_one(a_matter())

    assert mail["From"] == "callbridge <calls@example.com>"
    assert mail["To"] == "Ana Costa <ana@example.com>"
    assert mail["Date"].datetime == AT
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Type"].content_type == "text/plain"
    assert not mail.is_multipart()


def test_several_callers_stand_in_one_mail() -> None:
    other = a_matter("mis_b", caller=Party("+34600111222", "600111222"))

    mail = parsed(about([a_matter(), other], ANA, HEAD, "evt_1", AT))

    assert mail["Subject"] == "Missed calls: 2"
    assert [line for line in lines(mail) if line.startswith("From")] == [
        "From: +351912345678 Maria Silva",
        "From: +34600111222",
    ]


@pytest.mark.parametrize("language", Language)
def test_every_language_has_every_word(language: Language) -> None:
    matter = a_matter(caller=Party(), customer="ACME", count=2, queue="q", rung=(MARIA,), calling=("Eva",))

    mail, words = about_one(matter, language), WORDS[language]

    assert mail["Subject"] == f"{words.missed}: {words.withheld}"
    assert mail["Content-Language"] == language
    for word in (words.caller, words.customer, words.when, words.tries, words.queue, words.rang, words.calling):
        assert any(line.startswith(f"{word}: ") for line in lines(mail))
    assert lines(mail)[-1] == words.footer


def test_polish_letters_arrive_as_they_are() -> None:
    mail = about_one(a_matter(caller=Party("+48501234567", "501234567", "Zażółć Gęślą")), Language.PL)

    assert mail["Subject"] == "Nieodebrane połączenie: +48501234567 Zażółć Gęślą"
    assert lines(mail)[0] == "Od: +48501234567 Zażółć Gęślą"


@pytest.mark.parametrize("name", NASTY)
def test_no_name_writes_a_header_or_a_line_of_its_own(name: str) -> None:
    plain = about_one(a_matter(caller=replace(MARIA, name="Eve"), customer="Eve", queue="Eve"))

    mail = about_one(a_matter(caller=replace(MARIA, name=name), customer=name, queue=name, calling=(name,)))

    assert mail.keys() == plain.keys()
    assert mail["Bcc"] is None
    assert len(lines(mail)) == len(lines(plain)) + 1  # who calls back
    assert str(mail["Subject"]).strip().startswith("Missed call: +351912345678 ")


@pytest.mark.parametrize(
    "name",
    [
        "👩\u200d👩\u200d👧 Família 🎉" * 3,
        "عبد الرحمن",
        "שלום עולם",
        "李小龍",
        "🇵🇹" * 20,
        "a" * 500,
        "ß" * 79,
        " ".join(["Ñandú"] * 15),
    ],
)
def test_names_of_any_script_arrive_and_the_wire_is_ascii_in_short_lines(name: str) -> None:
    letter = about([a_matter(caller=replace(MARIA, name=name))], ANA, HEAD, "evt_1", AT)

    mail = parsed(letter)

    assert str(mail["Subject"]) == f"Missed call: +351912345678 {clean(name)}"
    assert lines(mail)[0] == f"From: +351912345678 {clean(name)}"
    assert letter.body.isascii()
    assert all(len(line) <= 998 for line in letter.body.split(b"\r\n"))  # RFC 5322, 2.1.1
    assert b"\n" not in letter.body.replace(b"\r\n", b"")


def test_the_same_notice_has_the_same_message_id_and_no_other_has() -> None:
    same = message_id("ana@example.com", "evt_1", "calls@example.com")

    assert same == message_id("ana@example.com", "evt_1", "calls@example.com")
    assert (
        len({same, message_id("eva@example.com", "evt_1", HEAD.address), message_id(ANA.address, "evt_2", "x@y")}) == 3
    )
    assert same.endswith("@example.com>")
    assert about_one(a_matter())["Message-ID"] == same


def test_the_id_of_a_row_cannot_leave_its_place_in_the_link() -> None:
    mail = about_one(a_matter("mis_a/../?x=1 y"), row_url="https://crm.example/missed/{id}/show")
    assert "https://crm.example/missed/mis_a%2F..%2F%3Fx%3D1%20y/show" in lines(mail)


def test_a_test_mail_says_that_it_is_one() -> None:
    assert "This is a test" in lines(parsed(trial(ANA, HEAD, "key", AT)))[0]
