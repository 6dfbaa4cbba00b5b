"""Code that a page shows: between two comments that name its file, so that GitHub shows it as well."""

import re
from pathlib import Path
from typing import Final

from docs.reference_pages.declared_settings import ROOT

DOCS: Final = ROOT / "docs"
SHOWN: Final = re.compile(r"<!-- shows (\S+) -->\n.*?<!-- end -->", re.DOTALL)
LANGUAGES: Final = {".py": "python", ".mjs": "javascript", ".html": "html", ".sh": "sh", ".toml": "toml"}


def with_code(text: str) -> str:
    """The text of a page, showing each named file as it is. Raises FileNotFoundError for one that is not."""
    return SHOWN.sub(_shown, text)


def pages_with_code() -> dict[Path, str]:
    """Every page that shows code, as it ought to be."""
    texts = {path: path.read_text() for path in sorted(DOCS.rglob("*.md"))}
    return {path: with_code(text) for path, text in texts.items() if SHOWN.search(text)}


def _shown(found: re.Match[str]) -> str:
    file = ROOT / found[1]
    fence = f"```{LANGUAGES[file.suffix]}\n{file.read_text().rstrip()}\n```"
    return f"<!-- shows {found[1]} -->\n{fence}\n<!-- end -->"
