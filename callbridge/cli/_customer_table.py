"""A table of customers as CRMs and spreadsheets export it: CSV of whatever dialect, row by row."""

import codecs
import csv
import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from callbridge.errors import TableUnusable

BOMS: Final = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ENCODINGS: Final = ("utf-8-sig", "cp1252")
ZIP: Final = b"PK\x03\x04"
"""How a workbook of Excel or LibreOffice begins."""
DELIMITERS: Final = ";,\t"
CHUNK: Final = 2**20
FIELDS: Final = "fields."
REPORTED: Final = frozenset({"refused_line", "refused_reason"})
"""Columns of our own report, passed over: a table of refused rows is imported again once it is mended."""

_SPLIT: Final = re.compile(r"[;|\n]")
_SEP: Final = re.compile(r'"?sep=(.)"?', re.IGNORECASE)


class Others(StrEnum):
    """What becomes of columns there is no name for."""

    REFUSE = "refuse"
    FIELDS = "fields"
    IGNORE = "ignore"


COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "id": (
        "customer id", "customer number", "customer no", "code", "código", "código cliente", "id cliente",
        "número cliente", "Kundennummer", "Kunden-Nr", "id klienta", "numer klienta", "kod",
    ),
    "name": (
        "customer", "customer name", "company", "company name", "full name", "nome", "nome cliente", "nombre",
        "empresa", "cliente", "razão social", "razón social", "Firma", "Kunde", "Kundenname", "nazwa", "klient",
    ),
    "type": ("customer type", "category", "status", "tipo", "categoria", "categoría", "estado", "Typ", "Kategorie"),
    "tax_id": (
        "vat", "vat id", "vat number", "vat no", "tin", "ein", "NIF", "NIPC", "CIF", "CNPJ", "CPF", "CPF/CNPJ", "RFC",
        "NIP", "USt-Id", "USt-IdNr", "Steuernummer", "contribuinte",
    ),
    "owner": (
        "account manager", "salesperson", "sales rep", "responsible", "responsável", "vendedor", "gestor",
        "responsable", "comercial", "Betreuer", "Vertreter", "opiekun", "handlowiec",
    ),
    "url": ("link", "crm url", "web link"),
    "country": ("country code", "país", "Land", "kraj"),
    "phones": (
        "phone", "phone number", "telephone", "tel", "landline", "telefone", "telefones", "telefone fixo", "fixo",
        "teléfono", "teléfonos", "Telefon", "Telefonnummer", "Festnetz", "telefony",
    ),
    "mobiles": (
        "mobile", "mobile phone", "mobile number", "cell", "cell phone", "cellphone", "telemóvel", "telemóveis",
        "celular", "celulares", "móvil", "móviles", "Mobil", "Mobilnummer", "Mobiltelefon", "Handy", "komórka",
        "telefon komórkowy",
    ),
    "branches": (
        "branch", "branch phone", "branch phones", "filial", "filiais", "sucursal", "sucursales", "Filiale", "Filialen",
        "oddział", "oddziały",
    ),
    "contacts": (
        "contact", "contact phone", "contact phones", "contato", "contatos", "contacto", "contactos", "Kontakt",
        "Kontakte", "Ansprechpartner", "osoba kontaktowa", "kontakty",
    ),
}  # fmt: skip
"""What a column is called: in the API, and in people's tables. Case, accents, `_`, `-` and a number behind
(`Phone 2`) do not count."""

NUMBERS: Final = frozenset({"phones", "mobiles"})
PLACES: Final = frozenset({"branches", "contacts"})


def folded(header: str) -> str:
    """Return a column's name without what does not count."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", header) if not unicodedata.combining(each))
    plain = plain.replace("ł", "l").replace("Ł", "L")  # a letter of its own to Unicode
    return re.sub(r"[^a-z0-9]+", " ", plain.casefold()).strip()


_KNOWN: Final[Mapping[str, str]] = {folded(each): name for name, also in COLUMNS.items() for each in (name, *also)}


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row: a customer as the API takes it, or why it is `wrong`. `line` is where it begins, from 1."""

    line: int
    cells: Sequence[str]
    customer: Mapping[str, Any]
    wrong: str = ""


class CustomerTable:
    """A file with its dialect found and its columns understood.

    Raises, when built:
        TableUnusable: it cannot be read, or its columns are none of customers.
    """

    def __init__(self, path: Path, others: Others = Others.REFUSE) -> None:
        self.path = path
        try:
            self.encoding, self.lines = _encoding(path)
            self.delimiter, self.header, self._skip = _header(path, self.encoding)
        except OSError as error:
            raise TableUnusable(f"{path} cannot be read: {error.strerror}.") from None
        self.columns = _columns(self.header, others)

    def rows(self) -> Iterator[TableRow]:
        """Yield the rows behind the header; empty ones are passed over."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            for _ in range(self._skip):
                next(reader)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield TableRow(line, (), {}, f"cannot be read: {error}; is a quotation mark missing?")
                    continue
                if any(cell.strip() for cell in cells):
                    yield self._row(line, cells)

    def _row(self, line: int, cells: Sequence[str]) -> TableRow:
        if any("\0" in cell for cell in cells):
            return TableRow(line, cells, {}, "holds a NUL")
        if any(cell.strip() for cell in cells[len(self.columns) :]):
            return TableRow(line, cells, {}, f"has {len(cells)} cells, and the header {len(self.columns)}")
        try:
            return TableRow(line, cells, _customer(self.columns, cells))
        except ValueError as error:
            return TableRow(line, cells, {}, str(error))


def _encoding(path: Path) -> tuple[str, int]:
    """Return in which encoding a file can be read whole, and how many lines it has then."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith(ZIP):
        raise TableUnusable(f"{path} is a workbook. Save it as CSV, and import that.")
    for encoding in [found for bom, found in BOMS if head.startswith(bom)] or ENCODINGS:
        with suppress(UnicodeDecodeError):
            return encoding, _lines(path, encoding)
    raise TableUnusable(f"{path} is neither UTF-8 nor Windows-1252. Save it as CSV in UTF-8.")


def _lines(path: Path, encoding: str) -> int:
    """Count lines. Raises UnicodeDecodeError."""
    with path.open(encoding=encoding, newline="") as file:
        lines, last = 0, "\n"
        while chunk := file.read(CHUNK):
            lines += chunk.count("\n")
            last = chunk[-1]
    return lines + (last != "\n")


def _header(path: Path, encoding: str) -> tuple[str, Sequence[str], int]:
    """Return the delimiter, the header, and how many rows both take."""
    with path.open(encoding=encoding, newline="") as file:
        first, second = file.readline(CHUNK), file.readline(CHUNK)
    if found := _SEP.fullmatch(first.strip()):  # Excel's own way to say it
        return found[1], next(csv.reader([second], delimiter=found[1]), []), 2
    headers = {each: next(csv.reader([first], delimiter=each), []) for each in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda each: (sum(map(bool, map(_known, headers[each]))), len(headers[each])))
    return delimiter, headers[delimiter], 1


def _known(header: str) -> str | None:
    """Return what a column is called in the API; None for one there is no name for."""
    if header.strip().lower().startswith(FIELDS):
        return FIELDS + header.strip()[len(FIELDS) :]
    plain = folded(header)
    return _KNOWN.get(plain) or _KNOWN.get(re.sub(r" ?\d+$", "", plain))


def _columns(header: Sequence[str], others: Others) -> Sequence[str | None]:
    """Return what each column is; None for one that is passed over. Raises TableUnusable."""
    found = [None if each.strip() in REPORTED or not each.strip() else _known(each) or each for each in header]
    strange = [each for each in found if each is not None and _known(each) is None]
    if "id" not in found:
        raise TableUnusable(_no_id(header, strange))
    if strange and others is Others.REFUSE:
        raise TableUnusable("\n".join(map(_nearest, strange)) + f"\n{HOW_TO_GO_ON}")
    for name in found:
        if name is not None and found.count(name) > 1 and name not in NUMBERS | PLACES:
            both = " and ".join(f'"{each}"' for each, column in zip(header, found, strict=True) if column == name)
            raise TableUnusable(f"{both} are both the column {name}. Rename one of them.")
    if others is Others.FIELDS:
        return [FIELDS + each.strip() if each in strange else each for each in found]
    return [None if each in strange else each for each in found]


HOW_TO_GO_ON: Final = (
    "Rename them, or write fields.NAME for what the customer has besides; or use --others fields, or --others ignore."
)


def _no_id(header: Sequence[str], strange: Sequence[str]) -> str:
    told = ", ".join(f'"{each}"' for each in header[:20])
    lines = [f"No column is the customer's id; there are {told or 'no columns'}. The first line must name the columns."]
    return "\n".join(lines + [_nearest(each) for each in strange])


def _nearest(header: str) -> str:
    """Return what to say of a column there is no name for."""
    near = difflib.get_close_matches(folded(header), _KNOWN, n=1, cutoff=0.6)
    return f'There is no column "{header}"; ' + (
        f'did you mean "{_KNOWN[near[0]]}"?' if near else f"there are {', '.join(COLUMNS)}."
    )


def _customer(columns: Sequence[str | None], cells: Sequence[str]) -> Mapping[str, Any]:
    """Return a row as the API takes it; raise ValueError where it cannot be understood."""
    customer: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=False):
        text = cell.strip()
        if column is None or not text:
            continue
        if column in NUMBERS:
            customer.setdefault(column, []).extend(_parts(text))
        elif column in PLACES:
            customer.setdefault(column, []).extend(_place(column, part) for part in _parts(text))
        elif column.startswith(FIELDS):
            customer.setdefault("fields", {})[column[len(FIELDS) :]] = text
        else:
            customer[column] = text.upper() if column == "country" else text
    return customer


def _parts(text: str) -> Sequence[str]:
    return [part for each in _SPLIT.split(text) if (part := each.strip())]


def _place(column: str, part: str) -> Mapping[str, Any]:
    name, colon, number = part.rpartition(":")
    if not colon or not name.strip():
        raise ValueError(f'{column}: "{part}" has no name; write "Name: number"')
    return {"name": name.strip(), "phones": [number.strip()]}
