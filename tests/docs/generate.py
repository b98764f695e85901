"""Draw what docs/ says of the code from the code: `make docs`, or `make docs ARGS=--check` to only compare.

A page holds its drawn parts between `<!-- drawn: NAME -->` and `<!-- end -->`;
everything else in it is written by hand and left alone. The schemas are whole
files: `docs/schemas/EVENT.json`, `docs/asyncapi.json`; and so is the dashboard, `docs/grafana.json`.
"""

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from callbridge.delivery.schemas import TOLD, asyncapi, event_schema
from tests.docs.drawings import DRAWINGS
from tests.docs.grafana import dashboard
from tests.docs.readme import ROOT

DOCS: Final = ROOT / "docs"

_PART: Final = re.compile(r"(?P<begin><!-- drawn: (?P<name>[\w-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)


def pages() -> Iterator[Path]:
    """Yield the pages that hold something drawn."""
    return (page for page in sorted(DOCS.glob("*.md")) if _PART.search(page.read_text(encoding="utf-8")))


def drawn(page: str) -> str:
    """Return a page with its drawn parts as the code has them now. Raises KeyError for a part nobody draws."""
    return _PART.sub(lambda part: f"{part['begin']}{DRAWINGS[part['name']]()}\n{part['end']}", page)


def files() -> Mapping[Path, str]:
    """Return the files that are drawn whole."""
    events = {DOCS / "schemas" / f"{kind.value}.json": _written(event_schema(kind)) for kind in TOLD}
    return {DOCS / "asyncapi.json": _written(asyncapi()), DOCS / "grafana.json": _written(dashboard()), **events}


def _written(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def stale() -> dict[Path, str]:
    """Return the pages and files that are not as the code is, each with what it should be."""
    anew = {**files(), **{page: drawn(page.read_text(encoding="utf-8")) for page in pages()}}
    return {path: text for path, text in anew.items() if not path.exists() or text != path.read_text(encoding="utf-8")}


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw what docs/ says of the code from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; end with 1 where something is stale")
    check = parser.parse_args().check
    found = stale()
    for page, text in found.items():
        print(f"{'stale' if check else 'drawn'}: {page.relative_to(ROOT)}")
        if not check:
            page.parent.mkdir(exist_ok=True)
            page.write_text(text, encoding="utf-8")
    if check and found:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
