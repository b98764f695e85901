"""Tables of customers in whatever dialect they come."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from callbridge.cli._customer_table import COLUMNS, CustomerTable, Others, TableRow
from callbridge.errors import TableUnusable

Table = Callable[..., CustomerTable]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    def written(text: str | bytes, encoding: str = "utf-8", others: Others = Others.REFUSE) -> CustomerTable:
        path = tmp_path / "crm.csv"
        path.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        return CustomerTable(path, others)

    return written


def customers(table: CustomerTable) -> list[Mapping[str, Any]]:
    return [row.customer for row in table.rows()]


def the_row(table: CustomerTable) -> TableRow:
    (row,) = table.rows()
    return row


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("ID;Nome;NIF;Telefone;Telemóvel", "pt"),
        ("código,razão social,CNPJ,telefone fixo,CELULAR", "br"),
        ("id\tempresa\tCIF\tTeléfono\tMóvil", "es"),
        ("Kundennummer;Firma;USt-IdNr.;Telefon;Handy", "de"),
        ("ID klienta;Nazwa;NIP;Telefon;Telefon komórkowy", "pl"),
        ("customer_id,Company Name,VAT-Number,Phone 1,mobile_phone", "en"),
    ],
)
def test_columns_are_known_by_the_names_people_give_them(table: Table, header: str, name: str) -> None:
    delimiter = next(each for each in ";,\t" if each in header)

    found = table(f"{header}\n{delimiter.join(('1', name, 'T1', '21', '91'))}\n")

    assert found.delimiter == delimiter
    assert customers(found) == [{"id": "1", "name": name, "tax_id": "T1", "phones": ["21"], "mobiles": ["91"]}]


def test_no_name_stands_for_two_columns() -> None:
    every = [also for column in COLUMNS.values() for also in column]
    assert len(every) == len({each.casefold() for each in every})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_letters_come_through_in_every_encoding(table: Table, encoding: str) -> None:
    found = table("id;name\n1;Ávila & Söhne\n", encoding)

    assert customers(found) == [{"id": "1", "name": "Ávila & Söhne"}]
    assert found.encoding == {"utf-8": "utf-8-sig"}.get(encoding, encoding)
    assert found.lines == 2


def test_several_numbers_stand_in_one_cell_or_in_several_columns(table: Table) -> None:
    found = table('id,Phone,Phone 2,phone_3,Mobile\n1,"21 000; 22 000 | 23",24,,"91\n92"\n')

    assert customers(found) == [{"id": "1", "phones": ["21 000", "22 000", "23", "24"], "mobiles": ["91", "92"]}]


def test_branches_and_contacts_have_names(table: Table) -> None:
    found = table('id;branches;contact\n1;"Porto: 220 | Lisboa, Sul: 210";Zé: 91\n')

    assert customers(found) == [
        {
            "id": "1",
            "branches": [{"name": "Porto", "phones": ["220"]}, {"name": "Lisboa, Sul", "phones": ["210"]}],
            "contacts": [{"name": "Zé", "phones": ["91"]}],
        }
    ]
    assert (
        the_row(table("id;contact\n1;912345678\n")).wrong == 'contacts: "912345678" has no name; write "Name: number"'
    )


def test_fields_of_ones_own_are_named_as_such(table: Table) -> None:
    assert customers(table("id;fields.Since;country\n1;1998;pt\n")) == [
        {"id": "1", "fields": {"Since": "1998"}, "country": "PT"}
    ]


def test_unknown_columns_are_refused_with_the_nearest_right_name(table: Table) -> None:
    with pytest.raises(TableUnusable) as refused:
        table("id;nmae;Loyalty\n1;a;b\n")

    said = str(refused.value)
    assert 'no column "nmae"; did you mean "name"?' in said
    assert 'no column "Loyalty"; there are id, name' in said
    assert "--others fields" in said


def test_unknown_columns_become_fields_or_are_passed_over_where_one_says_so(table: Table) -> None:
    text = "id;nmae;Loyalty;\n1;a;b;\n"

    assert customers(table(text, others=Others.FIELDS)) == [{"id": "1", "fields": {"nmae": "a", "Loyalty": "b"}}]
    assert customers(table(text, others=Others.IGNORE)) == [{"id": "1"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no columns"),
        ("name;phone\nA;1\n", "No column is the customer's id"),
        ("ids_of_them;phone\nA;1\n", "No column is the customer's id"),
        ("id;code\n1;2\n", '"id" and "code" are both the column id'),
        (b"PK\x03\x04 and so on", "workbook"),
        (b"id;name\n1;\x81\xff\n", "neither UTF-8 nor Windows-1252"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_whole(table: Table, text: str | bytes, said: str) -> None:
    with pytest.raises(TableUnusable, match=said):
        table(text)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(TableUnusable, match="cannot be read: No such file"):
        CustomerTable(tmp_path / "nothing.csv")


def test_a_row_knows_the_line_where_it_begins(table: Table) -> None:
    found = table('id;name\r\n1;"a\r\nb"\r\n\r\n;;\r\n2;c\r\n')

    assert [(row.line, row.customer["id"]) for row in found.rows()] == [(2, "1"), (6, "2")]


def test_excels_own_word_for_the_delimiter_is_heeded(table: Table) -> None:
    found = table('sep=|\r\nid|name\r\n1|"a;b,c"\r\n')

    assert customers(found) == [{"id": "1", "name": "a;b,c"}]
    assert the_row(found).line == 3


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("1;a;b", "has 3 cells, and the header 2"),
        ("1;a;;", ""),
        ("1", ""),
        ("1;a\0", "holds a NUL"),
        (f"1;{'x' * 140_000}", "cannot be read: field larger than field limit (131072); is a quotation mark missing?"),
    ],
)
def test_a_row_that_does_not_fit_is_wrong_and_the_next_one_right(table: Table, row: str, wrong: str) -> None:
    first, second = table(f"id;name\n{row}\n2;b\n").rows()

    assert first.wrong == wrong
    assert second.customer == {"id": "2", "name": "b"}


def test_the_columns_of_our_own_report_are_passed_over(table: Table) -> None:
    assert customers(table("refused_line;refused_reason;id\n7;why;1\n")) == [{"id": "1"}]
