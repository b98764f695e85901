import pytest

from callbridge.directory.template import customer_url, look_up_url, question

ASKED = {"number": "+351912345678", "raw": "912 345&678", "pbx": "main"}


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://crm.example/phones", "https://crm.example/phones?number=%2B351912345678&pbx=main"),
        ("https://crm.example/p?key=1", "https://crm.example/p?key=1&number=%2B351912345678&pbx=main"),
        ("https://crm.example/p/{number}", "https://crm.example/p/%2B351912345678"),
        ("https://crm.example/{pbx}?q={raw}", "https://crm.example/main?q=912%20345%26678"),
    ],
)
def test_a_question_is_percent_encoded_wherever_it_stands(template: str, url: str) -> None:
    assert question(look_up_url(template), ASKED) == url


@pytest.mark.parametrize("number", ["../../admin", "?x=1", "#", "a/b", "{pbx}", "1\r\n", "ção"])
def test_no_number_leads_elsewhere(number: str) -> None:
    asked = question("https://crm.example/p/{number}?pbx={pbx}", {**ASKED, "number": number})

    path, _, query = asked.removeprefix("https://crm.example/p/").partition("?")
    assert query == "pbx=main"
    assert path.isascii()
    assert not set(path) & set("/?#{}\r\n ")


def test_a_customers_url_needs_a_place_for_the_id() -> None:
    assert customer_url("https://crm.example/c/{id}#calls") == "https://crm.example/c/{id}#calls"
    with pytest.raises(ValueError, match="all customers to one page"):
        customer_url("https://crm.example/c/")
    with pytest.raises(ValueError, match="is nothing"):
        customer_url("https://crm.example/c/{number}")
