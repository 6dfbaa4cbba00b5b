"""CHANGELOG.md by its sections, each of a version: released on a day, or not yet."""

import re
from dataclasses import dataclass

from staking_project.home import CODE

NOT_YET = "unreleased"


@dataclass(frozen=True, slots=True)
class Section:
    version: str
    # A day, or NOT_YET.
    date: str
    text: str

    def paragraphs(self) -> list[str]:
        """What a reader has before the first heading or list."""
        beginning = re.split(r"^(?:#|- )", self.text, maxsplit=1, flags=re.MULTILINE)[0]
        return [" ".join(one.split()) for one in beginning.split("\n\n") if one.strip()]


def sections() -> list[Section]:
    """The newest first."""
    parts = re.split(r"^## (.+)$", (CODE / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]
    found = []
    for heading, text in zip(parts[::2], parts[1::2], strict=True):
        named = re.fullmatch(r"(\d+\.\d+\.\d+) \((unreleased|\d{4}-\d\d-\d\d)\)", heading)
        if named:
            found.append(Section(named[1], named[2], text))
    return found
