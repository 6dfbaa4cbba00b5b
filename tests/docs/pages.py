"""The documentation as text: its pages, links, code spans and commands."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCS = ROOT / "docs"
# What people read, without what is written from the code and what tells of the past.
BY_HAND = sorted(
    [ROOT / "README.md", *(path for path in DOCS.rglob("*.md") if path.parent != DOCS / "reference")]
)
EVERY = sorted([*BY_HAND, *(DOCS / "reference").glob("*.md")])
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, language: str = "") -> list[str]:
    """The code in fences of that language; an empty one is of those that name none."""
    return [body for _, given, body in _FENCED.findall(path.read_text()) if given == language]


def prose(path: Path) -> str:
    """The text without code in fences."""
    return _FENCED.sub("", path.read_text())


def spans(path: Path) -> list[str]:
    """The code in sentences and tables."""
    return _SPAN.findall(prose(path))


def commands(path: Path) -> Iterator[list[str]]:
    """What stands after `manage.py`, or is written as `scheduler …`, by word."""
    lines = [
        line for language in ("", "sh") for block in blocks(path, language) for line in block.splitlines()
    ]
    for text in (*spans(path), *lines):
        for found in re.finditer(r"manage\.py ([a-z_]+[^&|()]*)", text.split(" #")[0]):
            yield found[1].split()
        if re.match(r"scheduler [a-z]+", text):
            yield text.split()


def anchors(path: Path) -> set[str]:
    """What a link may point to within a page, as GitHub and the site make it of headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}
