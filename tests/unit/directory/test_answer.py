"""What a CRM answers is read with suspicion."""

from typing import Any

import orjson
import pytest

from callbridge.calls.customer import Customer, Matched
from callbridge.directory.answer import MOST_CUSTOMERS, customers
from callbridge.errors import AnswerUnusable, SourceRefused

WHOLE = {
    "id": "c-17",
    "name": "Silva Lda",
    "type": "customer",
    "tax_id": "501964843",
    "owner": "Ana Costa",
    "url": "https://crm.example/c/17",
    "matched": "branch",
    "at": "Porto",
}


def read(*named: Any) -> tuple[Customer, ...]:
    return customers("crm", 200, orjson.dumps({"customers": named}))


def test_everything_that_is_said_of_a_customer_is_taken() -> None:
    expected = Customer(
        *(
            "c-17",
            "Silva Lda",
            "customer",
            "501964843",
            "Ana Costa",
            "https://crm.example/c/17",
            Matched.BRANCH,
            "Porto",
        ),
        source="crm",
    )
    assert read(WHOLE) == (expected,)


def test_an_id_is_enough_and_may_be_a_number() -> None:
    assert read({"id": 17}) == (Customer("17", source="crm"),)


def test_what_nobody_asked_for_is_passed_over_and_what_is_empty_is_not_there() -> None:
    assert read({"id": "c", "name": "", "url": None, "vip": True}) == (Customer("c", source="crm"),)


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"<html>"), (204, b""), (200, b""), (200, b" \n"), (200, b'{"customers": []}')]
)
def test_nobody_is_an_answer(status: int, body: bytes) -> None:
    assert customers("crm", status, body) == ()


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 405, 410, 429, 500, 502, 503])
def test_any_other_status_is_none_and_is_told_with_what_to_do(status: int) -> None:
    with pytest.raises(SourceRefused, match=rf"^crm answers {status}\. [A-Z].+[?.]$") as refused:
        customers("crm", status, orjson.dumps({"customers": [WHOLE]}))
    assert refused.value.status == status


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"null", b"[]", b'"customers"', b"{}", b'{"customers": {}}', b'{"customers": [', b"\xff", b"NaN"],
)
def test_what_is_not_the_shape_is_no_answer(body: bytes) -> None:
    with pytest.raises(AnswerUnusable, match=r"docs/directory\.md"):
        customers("crm", 200, body)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"id": None}, "customers[1].id is missing"),
        ({"id": ""}, "customers[1].id is missing"),
        ({"id": True}, "customers[1].id is no text"),
        ({"id": 1.5}, "customers[1].id is no text"),
        ({"name": 17}, "customers[1].name is no text"),
        ({"name": ["Silva"]}, "customers[1].name is no text"),
        ({"name": "x" * 201}, "customers[1].name is longer than 200 letters"),
        ({"id": "x" * 201}, "customers[1].id is longer than 200 letters"),
        ({"name": "Sil\nva"}, "customers[1].name holds a control character"),
        ({"owner": "\x1b[2J"}, "customers[1].owner holds a control character"),
        ({"type": "\x85"}, "customers[1].type holds a control character"),
        ({"at": "\u202eotroP"}, "customers[1].at holds a control character"),
        ({"tax_id": "1\x00"}, "customers[1].tax_id holds a control character"),
        ({"url": "javascript:alert(1)"}, "customers[1].url must begin with http:// or https://"),
        ({"url": "https://me:it@crm.example/"}, "customers[1].url holds a user name or password"),
        ({"url": "/c/17"}, "customers[1].url must begin with http:// or https://"),
        ({"matched": "chosen"}, "customers[1].matched must be one of phone, mobile, branch, contact"),
        ({"matched": ["phone"]}, "customers[1].matched must be one of"),
    ],
)
def test_one_thing_wrong_spoils_it_and_is_told_with_its_place_and_not_its_value(
    changed: dict[str, Any], told: str
) -> None:
    with pytest.raises(AnswerUnusable) as refused:
        read(WHOLE, {**WHOLE, **changed})

    assert str(refused.value).startswith(f"crm: {told}")
    for value in changed.values():
        if isinstance(value, str) and value:
            assert value not in str(refused.value)


def test_a_customer_that_is_none_spoils_it_too() -> None:
    with pytest.raises(AnswerUnusable, match=r"customers\[0\] is no object"):
        read("c-17")


def test_one_number_does_not_belong_to_everybody() -> None:
    assert len(read(*({"id": each} for each in range(MOST_CUSTOMERS)))) == MOST_CUSTOMERS
    with pytest.raises(AnswerUnusable, match="names 101 customers"):
        read(*({"id": each} for each in range(MOST_CUSTOMERS + 1)))
