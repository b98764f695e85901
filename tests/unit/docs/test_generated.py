"""What docs/ says of the code is what the code says."""

import ast
import inspect
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from callbridge.app import state
from callbridge.asterisk.from_ami import FILTERS
from callbridge.calls.call import CallState
from callbridge.delivery.payload import call_as_json
from callbridge.delivery.schemas import TOLD
from tests.docs import generate
from tests.docs.drawings import DRAWINGS, told
from tests.docs.readme import ROOT, snippet
from tests.unit.delivery.test_payload import a_whole_call

DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    return text.split(f" {title}\n", 1)[1].split("\n#", 1)[0]


def first_column(text: str) -> list[str]:
    return re.findall(r"^\| `([\w.]+)`", text, re.MULTILINE)


def test_every_drawn_part_is_as_the_code_is() -> None:
    assert [str(path.relative_to(ROOT)) for path in generate.stale()] == [], "run `make docs`"


def test_every_drawing_stands_in_some_page() -> None:
    found = {name for path in generate.pages() for name in re.findall(r"<!-- drawn: ([\w-]+) -->", path.read_text())}
    assert found == set(DRAWINGS)


def test_a_part_that_differs_is_drawn_anew_and_the_rest_left_alone() -> None:
    text = "By hand.\n<!-- drawn: layers -->\nold\n<!-- end -->\nBy hand.\n"
    assert generate.drawn(text) == f"By hand.\n<!-- drawn: layers -->\n{DRAWINGS['layers']()}\n<!-- end -->\nBy hand.\n"


def test_the_readme_filters_what_the_code_reads() -> None:
    manager = snippet("/etc/asterisk/manager.conf")
    assert tuple(re.findall(r"^eventfilter = (.+)$", manager, re.MULTILINE)) == FILTERS


def test_every_key_of_a_call_is_explained_in_its_order() -> None:
    real: dict[str, Any] = {**call_as_json(a_whole_call())}
    text = page("events.md")
    assert first_column(section(text, "The call")) == list(real)
    assert first_column(section(text, "A party")) == list(real["from"])
    assert first_column(section(text, "A leg")) == list(real["legs"][0])
    assert first_column(section(text, "A recording")) == list(real["recordings"][0])
    named = {f"{name}.{key}" for name in ("agent", "missed", "too_long") for key in real[name]}
    named |= {f"timeline.{key}" for key in real["timeline"][0]}
    assert set(first_column(section(text, "`agent`, `missed`, `too_long`, `timeline`"))) == named


def test_every_state_is_explained() -> None:
    assert first_column(section(page("events.md"), "`state`").split("<!--")[0]) == ["state", *CallState]


def test_every_event_that_is_told_is_explained_and_no_other() -> None:
    rows = section(page("events.md"), "Which events there are").split("<!-- end -->")[1]
    named = re.findall(
        r"`((?:call|recording|customer|pbx|webhook)\.\w+)`",
        "\n".join(line.split("|")[1] for line in rows.splitlines() if line[:1] == "|"),
    )
    assert set(named) == set(told())


def test_every_event_that_is_told_has_a_schema_and_no_other() -> None:
    assert set(TOLD) == set(told())
    assert {path.stem for path in (DOCS / "schemas").glob("*.json")} == {kind.value for kind in TOLD}


def test_what_the_crm_page_promises_for_later_is_what_nobody_tells_yet() -> None:
    later = re.search(r"not told yet: (.+?)\. ", page("webhooks.md"), re.DOTALL)
    drawn = re.search(r"not told yet: (.+?)\.$", DRAWINGS["told"](), re.MULTILINE)
    assert later is not None
    assert drawn is not None
    assert set(re.findall(r"`([\w.]+)`", later[1])) == set(re.findall(r"`([\w.]+)`", drawn[1]))


def test_every_sentence_of_a_degraded_status_is_explained() -> None:
    explained = section(page("operations.md"), "What status says")
    sentences = [beginning for beginning in degraded_sentences() if beginning.replace("…", "").strip()]
    assert len(sentences) >= 7
    assert [one for one in sentences if one not in explained] == []


def degraded_sentences() -> list[str]:
    """The sentences of app/state.py up to their colon, `…` for what is put in."""
    tree = ast.parse(inspect.getsource(state))
    yielded = [node.value for node in ast.walk(tree) if isinstance(node, ast.Yield)]
    texts = [_shown(node) for node in yielded if isinstance(node, ast.JoinedStr)]
    return [text.partition(":")[0] for text in texts if ": " in text]


def _shown(text: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in text.values)


@pytest.mark.parametrize("path", sorted([ROOT / "README.md", *DOCS.rglob("*.md")]), ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([\w-]+))?\)", path.read_text(encoding="utf-8")):
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{path.name}: {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{path.name}: {target}#{anchor}"


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_decisions_are_numbered_without_holes() -> None:
    numbers = [int(path.name[:4]) for path in sorted((DOCS / "decisions").glob("*.md"))]
    assert all(two - one == 1 for one, two in pairwise(numbers))
    assert [
        path.name
        for path in (DOCS / "decisions").glob("*.md")
        if not path.read_text().startswith(f"# {int(path.name[:4])}. ")
    ] == []
