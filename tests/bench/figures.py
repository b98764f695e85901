"""What was measured, beside what was to be reached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table

DIGITS: Final = {"ms": 2, "times": 2, "MB": 1}
"""Decimals by unit; none for the others."""


@dataclass(frozen=True, slots=True)
class Target:
    """`at_most` or at least `value`."""

    value: float
    at_most: bool = False

    def met_by(self, value: float) -> bool:
        return value <= self.value if self.at_most else value >= self.value


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `reference` is the same of whoever it is compared with."""

    what: str
    value: float
    unit: str
    reference: float | None = None
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None where there is none."""
        return None if self.target is None else self.target.met_by(self.value)

    def as_json(self) -> dict[str, Any]:
        target = None if self.target is None else {"value": self.target.value, "at_most": self.target.at_most}
        told = {"what": self.what, "value": self.value, "unit": self.unit, "reference": self.reference}
        return told | {"target": target, "met": self.met}


def table(figures: Iterable[Figure]) -> Table:
    """Return all figures, a line each."""
    drawn = Table("", "figure", "reference", "target", "")
    for column in drawn.columns[1:4]:
        column.justify = "right"
    for figure in figures:
        drawn.add_row(*_row(figure))
    return drawn


def _row(figure: Figure) -> Sequence[str]:
    reference = "" if figure.reference is None else _shown(figure.reference, figure.unit)
    if figure.target is None:
        return (figure.what, _shown(figure.value, figure.unit), reference, "", "")
    sign = "≤" if figure.target.at_most else "≥"
    verdict = "[green]met[/green]" if figure.met else "[red]missed[/red]"
    return (
        figure.what,
        _shown(figure.value, figure.unit),
        reference,
        f"{sign} {_shown(figure.target.value, figure.unit)}",
        verdict,
    )


def _shown(value: float, unit: str) -> str:
    return f"{value:,.{DIGITS.get(unit, 0)}f} {unit}"
