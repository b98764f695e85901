"""The words of the mails, in each language. Nothing is counted in a sentence, so none needs a plural."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """What mails are written in; Portuguese is one text for Portugal and Brazil."""

    EN = "en"
    PT = "pt"
    PL = "pl"


@dataclass(frozen=True, slots=True)
class Words:
    """One language's."""

    missed: str
    """The subject about one caller, before who it was."""
    several: str
    """The subject about more, before how many."""
    caller: str
    withheld: str
    customer: str
    when: str
    tries: str
    since: str
    """Before when the first of them was."""
    queue: str
    rang: str
    calling: str
    """Before who calls them back right now."""
    test: str
    """The whole of a mail that is only to see whether it arrives."""
    footer: str


WORDS: Final[Mapping[Language, Words]] = {
    Language.EN: Words(
        missed="Missed call",
        several="Missed calls",
        caller="From",
        withheld="number withheld",
        customer="Customer",
        when="When",
        tries="Tries",
        since="first",
        queue="Queue",
        rang="Rang",
        calling="Being called back by",
        test="This is a test: e-mails about missed calls arrive here.",
        footer="Sent by callbridge. Answers to this address are not read.",
    ),
    Language.PT: Words(
        missed="Chamada perdida",
        several="Chamadas perdidas",
        caller="De",
        withheld="número oculto",
        customer="Cliente",
        when="Quando",
        tries="Tentativas",
        since="primeira",
        queue="Fila",
        rang="Tocou em",
        calling="Retorno em curso por",
        test="Isto é um teste: os e-mails sobre chamadas perdidas chegam aqui.",
        footer="Enviado pelo callbridge. As respostas a este endereço não são lidas.",
    ),
    Language.PL: Words(
        missed="Nieodebrane połączenie",
        several="Nieodebrane połączenia",
        caller="Od",
        withheld="numer zastrzeżony",
        customer="Klient",
        when="Kiedy",
        tries="Próby",
        since="pierwsza",
        queue="Kolejka",
        rang="Dzwoniło u",
        calling="Oddzwania teraz",
        test="To jest test: e-maile o nieodebranych połączeniach docierają tutaj.",
        footer="Wysłane przez callbridge. Odpowiedzi na ten adres nie są czytane.",
    ),
}
