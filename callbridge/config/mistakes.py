"""Mistakes made in the file, as finished lines: where, which key, what is wrong, what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from callbridge.config import shape
from callbridge.config.lines import KeyPath, nearest
from callbridge.config.words import meant

KINDS: Final[Mapping[str, str]] = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number, without quotes",
    "float_type": "must be a number, without quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": 'must be a list, such as ["…", "…"]',
    "path_type": "must be a path in quotes",
    "is_instance_of": "must be text in quotes",
    "model_type": "must be a table",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "finite_number": "must be a finite number",
    "string_pattern_mismatch": "may hold digits, * and # only, 8 at most",
    "too_short": "must hold at least {min_length}; add one",
    "value_error": "{error}",
}
"""pydantic's kinds of error in our words; `{…}` is filled from the error's context."""


@dataclass
class Notes:
    """What is found while one file is read: mistakes, and what is merely unwise."""

    file: Path
    lines: Mapping[KeyPath, int]
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)

    def mistake(self, path: KeyPath, text: str) -> None:
        self.mistakes.append(self._finished(path, text))

    def warn(self, path: KeyPath, text: str) -> None:
        self.warnings.append(self._finished(path, text))

    def line(self, path: KeyPath) -> int:
        return nearest(self.lines, path)

    def refused(self, error: ValidationError, model: type[BaseModel], within: KeyPath = ()) -> None:
        """Note each thing pydantic refused; `within` is where the table that was read stands in the file."""
        for detail in error.errors(include_url=False):
            if detail["type"] == "too_short" and detail["input"]:
                continue  # pydantic does not count refused items, and those are told of already
            self.mistake((*within, *detail["loc"]), _explain(detail, model))

    def _finished(self, path: KeyPath, text: str) -> tuple[int, str]:
        line = self.line(path)
        key = ".".join(step for step in path if isinstance(step, str))
        return line, f"{self.file}:{line}: {key}: {text}"


def in_order(notes: list[tuple[int, str]]) -> tuple[str, ...]:
    """Return the finished lines as they follow one another in the file, each once."""
    return tuple(dict.fromkeys(text for _, text in sorted(notes, key=lambda note: note[0])))


def _explain(detail: ErrorDetails, model: type[BaseModel]) -> str:
    explain = _EXPLAINED.get(detail["type"])
    if explain is not None:
        return explain(detail, shape.table_at(model, detail["loc"][:-1]), model)
    context = {name: _short(value) for name, value in detail.get("ctx", {}).items()}
    return KINDS.get(detail["type"], detail["msg"]).format_map(context)


def _short(value: object) -> object:
    """Write a bound as people do: 60, not 60.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unknown_key(detail: ErrorDetails, table: type[BaseModel], model: type[BaseModel]) -> str:
    key = str(detail["loc"][-1])
    near = meant(key, table.model_fields)
    homes = [header for header, other in shape.tables(model) if key in other.model_fields]
    if homes and not near:
        return f"does not belong here but {' or '.join(homes)}; move it there"
    return f"is an unknown key{near or '; take it out. The keys here are ' + ', '.join(table.model_fields)}"


def _missing(detail: ErrorDetails, table: type[BaseModel], model: type[BaseModel]) -> str:
    wanted = shape.table_in(table.model_fields[str(detail["loc"][-1])])
    header = next((header for header, other in shape.tables(model) if other is wanted), None)
    return f"is missing; add it {header}" if header else "is missing; add it"


def _wrong_word(detail: ErrorDetails, table: type[BaseModel], _model: type[BaseModel]) -> str:
    known = get_args(table.model_fields[str(detail["loc"][-1])].annotation)
    hint = meant(detail["input"], known) if isinstance(detail["input"], str) else ""
    return f"must be one of {', '.join(known)}{hint}"


_EXPLAINED: Final[Mapping[str, Callable[[ErrorDetails, type[BaseModel], type[BaseModel]], str]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "literal_error": _wrong_word,
}
