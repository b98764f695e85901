import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from callbridge.config import Config, load, shape

from .conftest import WEBHOOK_SECRET

EXAMPLE = Path(__file__).parents[3] / "config" / "callbridge.example.toml"
NEEDED = {("pbx", "id"), ("pbx", "country"), ("pbx.cel", "file"), ("webhook", "name"), ("webhook", "url")}


@pytest.fixture
def example(tmp_path: Path) -> Config:
    path = shutil.copy(EXAMPLE, tmp_path / "callbridge.toml")
    for name in ("ami.secret", "ari.secret", "crm.secret"):
        (tmp_path / name).write_text(WEBHOOK_SECRET)
        (tmp_path / name).chmod(0o400)
    return load(Path(path), environ={})


def test_the_example_loads_without_a_warning(example: Config) -> None:
    assert example.warnings == ()


def test_every_value_the_example_shows_is_the_default(example: Config) -> None:
    assert sorted(_unlike_defaults(example)) == sorted(NEEDED)


def test_every_key_stands_in_the_example() -> None:
    """Under its own table, as `key = …` or, where there is no default, as `# key = …`."""
    sections = re.split(r"^(?:# )?\[+([a-z.]+)\]+$", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    texts = dict(zip(["", *sections[1::2]], sections[0::2], strict=True))
    missing = [
        f"{table}.{key}"
        for table, model in _tables(Config)
        for key, field in model.model_fields.items()
        if shape.table_in(field) is None and not re.search(rf"^(# )?{key} = ", texts[table], re.MULTILINE)
    ]
    assert missing == []


def test_every_table_of_the_example_is_one_of_ours() -> None:
    shown = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert set(shown) <= set(Config.model_fields)
    assert {table for table, _ in _tables(Config)} == {
        "",
        "pbx",
        "pbx.ami",
        "pbx.ari",
        "pbx.cel",
        "database",
        "http",
        "webhook",
        "delivery",
        "stream",
        "dispatch",
        "limits",
        "missed",
        "directory",
        "directory.lookup",
        "notice",
        "notice.to",
        "log",
    }


def _tables(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for header, table in shape.tables(model):
        name = re.search(r"\[+([a-z.]+)\]+", header)
        yield (name[1] if name and "above" not in header else ""), table


def _unlike_defaults(table: BaseModel, name: str = "") -> Iterator[tuple[str, str]]:
    for key, field in type(table).model_fields.items():
        value = getattr(table, key)
        inner = value[0] if isinstance(value, tuple) and value and isinstance(value[0], BaseModel) else value
        if isinstance(inner, BaseModel):
            yield from _unlike_defaults(inner, f"{name}.{key}".removeprefix("."))
        elif value != field.default and not re.search("secret|password", key) and (name, key) != ("database", "url"):
            yield name, key
