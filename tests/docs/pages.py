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
# Read by people who contribute and who look for holes; the site has no page of them.
BESIDE = [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
_FENCED = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
# Not as a part of a path, of an image's name or of another word.
_PROGRAM = r"(?:manage\.py|(?<![\w/.-])staking-backend|-m staking_project)"
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
    """What stands after `manage.py` or `staking-backend`, or is written as `scheduler …`, by word."""
    for text in (*spans(path), *typed(path)):
        for found in re.finditer(rf"{_PROGRAM} ([A-Za-z][\w-]*[^&|()>;]*)", text.split(" #")[0]):
            yield found[1].split()
        if re.match(r"scheduler [a-z]+", text):
            yield text.split()


def typed(path: Path) -> list[str]:
    """The lines of code in fences of whatever language; one that goes on in the next is one."""
    bodies = [body for _, _, body in _FENCED.findall(path.read_text())]
    return [line for body in bodies for line in body.replace("\\\n", " ").splitlines()]


def anchors(path: Path) -> set[str]:
    """What a link may point to within a page, as GitHub and the site make it of headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}
