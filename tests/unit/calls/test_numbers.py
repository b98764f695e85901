import pytest

from callbridge.calls.call import Party
from callbridge.calls.numbers import WITHHELD, PbxProfile, endpoint_of, pattern
from callbridge.directory.e164 import number_plan

PT = number_plan("PT")
PROFILE = PbxProfile("main", "0", ("1XXX", "2XX"), ("PJSIP/trunk*", "DAHDI/i1/*"), to_e164=PT)
LEARNING = PbxProfile("main")


@pytest.mark.parametrize(
    ("text", "fits", "does_not"),
    [
        ("1XXX", ["1000", "1999"], ["100", "10000", "2000", "1x00", "1XXX", "1\u0660\u0660\u0660"]),
        ("_1XXX", ["1000"], ["_1000"]),
        ("ZXX", ["100", "900"], ["000", "99"]),
        ("NXX", ["200", "900"], ["100", "000"]),
        ("9.", ["91", "9abc", "912345678"], ["9", "81"]),
        ("1+0", ["1+0"], ["110", "1110", "10"]),
        ("*97", ["*97"], ["97", "997"]),
    ],
)
def test_patterns_are_asterisks(text: str, fits: list[str], does_not: list[str]) -> None:
    assert all(pattern(text).fullmatch(number) for number in fits)
    assert not any(pattern(text).fullmatch(number) for number in does_not)


@pytest.mark.parametrize(
    ("channel", "endpoint"),
    [
        ("PJSIP/trunk-0000002a", "PJSIP/trunk"),
        ("PJSIP/my-trunk-0000002a", "PJSIP/my-trunk"),
        ("PJSIP/trunk", "PJSIP/trunk"),
        ("DAHDI/i1/912345678-1", "DAHDI/i1/912345678"),
    ],
)
def test_an_endpoint_is_the_channel_without_its_count(channel: str, endpoint: str) -> None:
    assert endpoint_of(channel) == endpoint


@pytest.mark.parametrize(
    ("channel", "number", "extension"),
    [
        ("PJSIP/trunk-00000001", "912345678", None),
        ("PJSIP/trunk-porto-00000001", "912345678", None),
        ("PJSIP/trunk-00000001", "1001", None),  # a caller outside may well show 1001
        ("DAHDI/i1/912345678-1", None, None),
        ("PJSIP/1001-00000001", None, "1001"),
        ("PJSIP/1001-00000001", "210000000", "1001"),  # the phone shows the company's number
        ("PJSIP/ana-00000001", "1001", "1001"),
        ("PJSIP/ana-00000001", "912345678", None),
        ("PJSIP/ana-00000001", None, None),
    ],
)
def test_an_extension_is_known_by_device_and_then_by_number(
    channel: str, number: str | None, extension: str | None
) -> None:
    assert PROFILE.extension_of(channel, number) == extension


def test_what_was_learnt_of_a_device_says_more_than_the_number_it_shows() -> None:
    profile = PbxProfile("main", "", ("1XXX",), (), endpoints={"PJSIP/ana": "1005", "PJSIP/carrier": None})

    assert profile.extension_of("PJSIP/ana-00000001", "1001") == "1005"
    assert profile.extension_of("PJSIP/carrier-00000001", "1001") is None


def test_without_any_configuration_short_numbers_are_extensions() -> None:
    assert LEARNING.extension_of("PJSIP/1001-00000001", None) == "1001"
    assert LEARNING.extension_of("PJSIP/carrier-00000001", "1001") is None
    assert [LEARNING.is_extension(number) for number in ("1", "10", "100000", "1000000", "", None)] == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]


def test_where_only_the_trunks_are_known_all_else_is_a_phone() -> None:
    profile = PbxProfile("main", trunks=("PJSIP/trunk*",))

    assert profile.extension_of("PJSIP/ana-00000001", None) == "ana"
    assert profile.extension_of("PJSIP/trunk-00000001", None) is None


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("912345678", "+351912345678"),
        ("+351912345678", "+351912345678"),
        ("00351912345678", "+351912345678"),
        ("+34600111222", "+34600111222"),
        ("112", None),
        ("1001", None),
        ("abc", None),
        ("9" * 300, None),
    ],
)
def test_a_number_from_outside_is_e164_or_none_and_kept_as_it_came(raw: str, number: str | None) -> None:
    assert PROFILE.outside(raw, "Maria") == Party(number, raw, "Maria")


@pytest.mark.parametrize("raw", [*sorted(WITHHELD), "Anonymous", "PRIVATE", None])
def test_a_withheld_number_is_none_and_never_asked_of_the_number_plan(raw: str | None) -> None:
    def refuse(number: str) -> str | None:
        raise AssertionError(number)

    profile = PbxProfile("main", extensions=("1XXX",), to_e164=refuse)
    assert profile.outside(raw, "Maria") == Party(None, raw, "Maria")
    assert profile.dialled(raw) == Party(None, raw)


@pytest.mark.parametrize(
    ("raw", "party"),
    [
        ("1001", Party(None, "1001", None, "1001")),
        ("201", Party(None, "201", None, "201")),
        ("0912345678", Party("+351912345678", "0912345678")),
        ("912345678", Party("+351912345678", "912345678")),
        ("000351912345678", Party("+351912345678", "000351912345678")),
        ("00351912345678", Party("+351912345678", "00351912345678")),
        ("*97", Party(None, "*97")),
        ("01001", Party(None, "01001")),
    ],
)
def test_what_is_dialled_inside_is_an_extension_first_and_then_public(raw: str, party: Party) -> None:
    assert PROFILE.dialled(raw) == party


def test_where_no_country_is_known_nothing_is_public() -> None:
    assert LEARNING.outside("+351912345678") == Party(None, "+351912345678")
