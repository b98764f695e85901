"""What tables the models are made of, and under which header each stands in the file."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def table_in(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model behind `Ami`, `Ari | None` or `tuple[Pbx, ...]`; None for a plain value."""
    candidates = (field.annotation, *get_args(field.annotation))
    return next((each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel)), None)


def tables(model: type[BaseModel], name: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield every table with the place it has in the file: `under [pbx.ami]`, `above the first table`."""
    if not name:
        yield "above the first [table]", model
    for key, field in model.model_fields.items():
        inner = table_in(field)
        if inner is not None:
            path = f"{name}.{key}".removeprefix(".")
            yield f"under [[{path}]]" if get_origin(field.annotation) is tuple else f"under [{path}]", inner
            yield from tables(inner, path)


def table_at(model: type[BaseModel], path: Sequence[Any]) -> type[BaseModel]:
    """Return the model of the table that stands at `path`; places in arrays count for nothing."""
    for key in path:
        field = model.model_fields.get(str(key))
        model = (field and table_in(field)) or model
    return model
