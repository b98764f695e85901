"""However a number is written, it is the same number; and what is none is itself."""

from typing import Final

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from callbridge.calls.numbers import tail_of
from callbridge.directory.numbers import LONGEST, key_of

WAYS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    (
        "PT", "+351912345678",
        ("912345678", "912 345 678", "91 234 56 78", "912.345.678", "912-345-678", "(+351) 912 345 678",
         "+351912345678", "+351 (0) 912 345 678", "00351912345678", "00 351 912 345 678", "(00351) 912345678",
         "351912345678", "0912345678", "912345678 ext 12", "912345678 ext. 12", "912345678 x12", "912345678x12",
         "912345678 #12", "912345678/12", "912 345 678 - 12", "00351 912345678/12", "912345678 (Maria)",
         "Telem. 912 345 678", "912\u00a0345\u00a0678", "\u202a+351 912 345 678\u202c", "tel:+351-912-345-678;ext=3",
         " 912345678\n"),
    ),
    (
        "PT", "+351210123456",
        ("210123456", "21 012 34 56", "(21) 012 34 56", "21/012 34 56", "+351 21 0123456", "21 012 3456 ext. 7"),
    ),
    (
        "BR", "+551130031234",
        ("(11) 3003-1234", "11 3003 1234", "1130031234", "0 11 3003-1234", "0 15 11 3003-1234", "0xx11 3003-1234",
         "+55 11 3003-1234", "+55 (0)11 3003 1234", "0055 11 3003-1234", "551130031234", "(11) 3003-1234 ramal 12",
         "(11) 3003-1234 r. 12", "11 3003-1234/12"),
    ),
    (
        "BR", "+5511987654321",
        ("(11) 98765-4321", "11 98765 4321", "011 98765-4321", "015 11 98765-4321", "+55 11 98765-4321",
         "5511987654321", "00 55 11 98765-4321", "(11) 8765-4321", "11 8765 4321", "1187654321", "015 11 8765-4321",
         "+55 11 8765-4321", "551187654321", "0055 11 8765-4321", "(11) 8765-4321 ramal 12"),
    ),
    ("BR", "+5551987654321", ("(51) 98765-4321", "51 8765-4321", "0055 51 98765-4321", "0055 51 8765 4321")),
    (
        "PL", "+48221234567",
        ("22 123 45 67", "(22) 123-45-67", "22-123-45-67", "221234567", "0 22 123 45 67", "(0-22) 123 45 67",
         "+48 22 123 45 67", "0048 22 123 45 67", "48221234567", "22 123 45 67 wew. 12", "22 123 45 67 w. 12",
         "22/123 45 67", "221234567-12"),
    ),
    ("PL", "+48601234567", ("601 234 567", "601-234-567", "+48 601 234 567", "0048601234567", "601234567/12")),
    (
        "ES", "+34911234567",
        ("91 123 45 67", "(91) 123 45 67", "91/123 45 67", "911.234.567", "+34 91 123 45 67", "0034 911234567",
         "34911234567", "91 123 45 67 ext. 5", "91 123 45 67 extensión 5", "911234567,12", "911234567;12",
         "911234567-12"),
    ),
    ("ES", "+34600111222", ("600 111 222", "600-111-222", "600.11.12.22", "+34 600111222", "0034600111222")),
    (
        "DE", "+49301234567",
        ("030 1234567", "030/1234567", "(030) 1234567", "030-123 45 67", "030 / 123 45 67", "+49 30 1234567",
         "+49 (0)30 1234567", "+49(0)30/1234567", "0049 30 1234567", "0049 (0) 30 1234567", "49301234567",
         "030 1234567 ext. 12", "030 1234567 x12", "030 1234567 Durchwahl 12"),
    ),
    # Direct dialling in is part of the number there: who has 1234567-12 calls as 123456712.
    ("DE", "+4930123456712", ("030 1234567-12", "030/1234567-12", "+49 30 1234567-12", "030123456712")),
    (
        "DE", "+491711234567",
        ("0171 1234567", "0171/1234567", "+49 171 1234567", "+49 (0)171 1234567", "00491711234567"),
    ),
    (
        "GB", "+442079460958",
        ("020 7946 0958", "(020) 7946 0958", "02079460958", "+44 20 7946 0958", "+44 (0)20 7946 0958",
         "0044 20 7946 0958", "0044 (0) 20 7946 0958", "442079460958", "020 7946 0958 ext 12", "020-7946-0958 x12",
         "020 7946 0958/12"),
    ),
    (
        "GB", "+447400123456",
        ("07400 123456", "07400-123-456", "+44 7400 123456", "+44 (0)7400 123456", "00447400123456"),
    ),
    (
        "US", "+14155552671",
        ("(415) 555-2671", "415-555-2671", "415.555.2671", "415/555-2671", "4155552671", "1-415-555-2671",
         "1 (415) 555-2671", "14155552671", "+1 415 555 2671", "001 415 555 2671", "011 1 415 555 2671",
         "(415) 555-2671 x12", "415-555-2671 ext. 12", "415-555-2671 #12", "415-555-2671/12", "415-555-2671-12"),
    ),
    ("US", "+18003569377", ("1-800-FLOWERS", "1-800-356-9377")),
    ("US", "+351912345678", ("+351 912 345 678", "011 351 912 345 678", "00351 912 345 678", "351912345678")),
    ("PT", "+34600111222", ("+34 600 111 222", "0034600111222", "34600111222")),
    ("ZZ", "+351912345678", ("+351912345678", "+351 912 345 678", "00351912345678", "351912345678")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("country", "key", "written"), [(country, key, way) for country, key, ways in WAYS for way in ways]
)
def test_a_public_number_is_found_whatever_way_it_is_written(country: str, key: str, written: str) -> None:
    assert key_of(written, country) == key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("1001", "1001"),
        ("10 01", "1001"),
        (" 1001 ", "1001"),
        ("*43", "*43"),
        ("12-34", "12-34"),
        ("112", "112"),
        ("00", "00"),
        ("0", "0"),
        ("ana", "ana"),
        ("front  desk\t2", "front desk 2"),
        ("sip:ana@pbx", "sip:ana@pbx"),
        ("912345678/912345679", "912345678/912345679"),
        ("0999", "0999"),
        ("+351 999", "+351999"),
        ("", ""),
        (" ", ""),
    ],
)
def test_what_is_no_public_number_is_its_own_text(written: str, key: str) -> None:
    assert key_of(written, "PT") == key


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        ("PT", "912345678", "912345679"),
        ("PT", "912345678", "212345678"),
        ("PT", "12-34", "1234"),
        ("BR", "(11) 98765-4321", "(21) 98765-4321"),
        ("BR", "(11) 8765-4321", "(11) 7765-4321"),
        ("DE", "030 1234567", "030 1234567-12"),
    ],
)
def test_two_numbers_do_not_meet(country: str, one: str, other: str) -> None:
    assert key_of(one, country) != key_of(other, country)


@pytest.mark.parametrize("first", "6789")
def test_a_brazilian_mobile_meets_itself_with_and_without_its_ninth_digit(first: str) -> None:
    old, new = f"11 {first}165-4321", f"11 9{first}165-4321"

    assert key_of(old, "BR") == key_of(new, "BR") == f"+55119{first}1654321"
    assert key_of(f"+55 {old}", "PT") == key_of(f"0055 {new}", "PT")


@pytest.mark.parametrize("first", ["2", "3", "4", "5", "70", "77", "78", "79"])
def test_what_is_no_mobile_in_brazil_gets_no_digit(first: str) -> None:
    """Fixed lines, and trunked radio."""
    assert key_of(f"11{first:0<8}", "BR") == f"+5511{first:0<8}"


def test_an_abroad_number_without_its_area_gets_no_digit() -> None:
    assert key_of("+54 11 8765-4321", "BR") == "+541187654321"


def test_a_brazilian_mobile_without_its_area_ends_as_it_does_with_it() -> None:
    assert tail_of(key_of("98765-4321", "BR")) == tail_of(key_of("8765-4321", "BR")) == "87654321"
    assert tail_of(key_of("(11) 98765-4321", "BR")) == "87654321"


COUNTRIES: Final = ("PT", "BR", "PL", "ES", "DE", "GB", "US")
KINDS: Final = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
PLAN: Final = {
    country: [found for kind in KINDS if (found := phonenumbers.example_number_for_type(country, kind)) is not None]
    for country in COUNTRIES
}
SEPARATORS: Final = ("", " ", "-", ".", "/", " / ", "\u00a0", "\u2011")
SUFFIXES: Final = ("", "", " ext 12", " ext. 12", "x12", " x 12", "/12", "-12", " - 123")
IN_THE_NUMBER: Final = {"DE"}
"""Where what stands behind a dash is dialled with the rest."""


@st.composite
def public_numbers(draw: st.DrawFn, country: str | None = None) -> tuple[str, phonenumbers.PhoneNumber]:
    country = country or draw(st.sampled_from(COUNTRIES))
    like = draw(st.sampled_from(PLAN[country]))
    national = str(like.national_number)
    digits = national[:-5] + f"{draw(st.integers(0, 99_999)):05}"
    number = phonenumbers.PhoneNumber(country_code=like.country_code, national_number=int(digits))
    assume(phonenumbers.is_valid_number(number))
    return country, number


@st.composite
def written(draw: st.DrawFn, country: str, number: phonenumbers.PhoneNumber) -> str:
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    plain = str(number.national_number)
    code = f"{number.country_code}"
    way = draw(st.sampled_from(("as people do", "+", "00", "(+)", "bare")))
    if way == "as people do":
        text = national
    else:
        cut = draw(st.integers(2, 3))
        between = draw(st.sampled_from(SEPARATORS))
        grouped = between.join((plain[:cut], plain[cut : cut + 3], plain[cut + 3 :]))
        begun = {"+": f"+{code} ", "00": f"00{code} ", "(+)": f"(+{code}) ", "bare": ""}[way]
        trunk = "0" if way == "bare" and country in {"DE", "GB"} else ""
        text = f"{begun}{trunk}{grouped}"
    suffix = draw(st.sampled_from(SUFFIXES))
    return text if suffix[:1] in "/- " and "x" not in suffix and country in IN_THE_NUMBER else text + suffix


@pytest.mark.patient
@settings(max_examples=500, deadline=None)
@given(st.data())
def test_any_way_of_writing_gives_the_same_key(data: st.DataObject) -> None:
    country, number = data.draw(public_numbers())
    expected = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    assert key_of(data.draw(written(country, number)), country) == expected


@pytest.mark.patient
@settings(max_examples=200, deadline=None)
@given(st.data())
def test_different_numbers_have_different_keys(data: st.DataObject) -> None:
    country, one = data.draw(public_numbers())
    _, other = data.draw(public_numbers(country))
    assume(one != other)

    assert key_of(data.draw(written(country, one)), country) != key_of(data.draw(written(country, other)), country)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=LONGEST + 5), st.sampled_from(COUNTRIES))
def test_any_text_has_a_key_and_the_key_is_its_own(text: str, country: str) -> None:
    key = key_of(text, country)

    assert key == key.strip()
    assert key_of(key, country) == key


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789+-/ ().x", max_size=20), st.sampled_from(COUNTRIES))
def test_anything_that_looks_like_a_number_has_a_key_that_is_its_own(text: str, country: str) -> None:
    key = key_of(text, country)

    assert key_of(key, country) == key
