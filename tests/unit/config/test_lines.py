import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callbridge.config import lines

TEXT = '''\
# [not.a.table]
top = """
[neither]
x = 1
""" # comment = 2
"quoted key" = 'a = "b"'
dotted . inner = 3

[[pbx]]
id = "one"
list = [ # with a comment, and ] in it
  "a",
  ["b",
   "c"], { x = 1, y.z = [
  2] },
]
[pbx.ami]
port = 5038
[[pbx]]
[pbx.ami]
port = 1
[pbx."a.b"]
when = 2026-01-01T00:00:00.5Z
[[pbx.deep]]
x = 1
[[pbx.deep]]
x = +1.5e3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("quoted key",), 6),
        (("dotted",), 7),
        (("dotted", "inner"), 7),
        (("pbx", 0), 9),
        (("pbx", 0, "id"), 10),
        (("pbx", 0, "list"), 11),
        (("pbx", 0, "list", 0), 12),
        (("pbx", 0, "list", 1, 1), 14),
        (("pbx", 0, "list", 2, "x"), 14),
        (("pbx", 0, "list", 2, "y", "z", 0), 15),
        (("pbx", 0, "ami"), 17),
        (("pbx", 0, "ami", "port"), 18),
        (("pbx", 1), 19),
        (("pbx", 1, "ami", "port"), 21),
        (("pbx", 1, "a.b", "when"), 23),
        (("pbx", 1, "deep", 1, "x"), 27),
    ],
)
def test_every_key_is_found_on_its_line(path: lines.KeyPath, line: int) -> None:
    assert lines.find(TEXT)[path] == line


def test_what_has_no_line_is_where_its_table_is() -> None:
    found = lines.find(TEXT)
    assert lines.nearest(found, ("pbx", 1, "ami", "host")) == 20
    assert lines.nearest(found, ("log", "level")) == 1


def test_every_key_tomllib_reads_has_a_line() -> None:
    assert set(_leaves(tomllib.loads(TEXT))) <= set(lines.find(TEXT))


SCALARS = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        '"a # ] }"',
        r'"\"\\"',
        "'\\'",
        '"""\n[a]\nb = 1\n"""',
        "'''\n\"\n'''''",
        '"""""x"""',
        "2026-01-01 07:32:00",
    ]
)
BREAKS = st.sampled_from(["", " ", "\n", " # ] }\n", "\n\n  "])


def _arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(st.tuples(BREAKS, values, BREAKS).map("".join), max_size=4)
    return st.tuples(items, st.booleans()).map(lambda made: f"[{','.join(made[0])}{',' * (made[1] and bool(made[0]))}]")


def _inline_tables(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda made: "{" + ",".join(_numbered(made)) + "}")


def _numbered(values: list[str]) -> list[str]:
    keys = ("k{}", "d.k{}", '"k {}"')
    return [f"{keys[place % 3].format(place)} = {value}" for place, value in enumerate(values)]


VALUES = st.recursive(SCALARS, lambda inner: _arrays(inner) | _inline_tables(inner), max_leaves=8)
TABLES = st.tuples(
    st.sampled_from(["[[pbx]]", "[[pbx]]\n[pbx.ami]", "[[ pbx ]] # x\n[[pbx.'deep er']]\n[[pbx.'deep er']]"]),
    st.lists(VALUES, max_size=4).map(_numbered),
).map(lambda made: "\n".join([made[0], *made[1]]))


@pytest.mark.patient
@given(st.lists(TABLES, max_size=4).map("\n".join))
def test_every_key_of_any_file_is_found_on_a_line_that_shows_it(text: str) -> None:
    found, written = lines.find(text), text.split("\n")
    for path in _leaves(tomllib.loads(text)):
        key = next(step for step in reversed(path) if isinstance(step, str))
        shown = written[found[path] - 1]
        assert isinstance(path[-1], int) or key in shown


def _leaves(value: object, path: lines.KeyPath = ()) -> Iterator[lines.KeyPath]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        if not isinstance(each, dict | list):
            yield (*path, key)
        yield from _leaves(each, (*path, key))
