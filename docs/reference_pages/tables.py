"""Markdown, as far as the reference needs it."""

from collections.abc import Iterable, Sequence

NOTE = "<!-- Written by `make docs` from the code; change it there. -->"


def page(title: str, *parts: str) -> str:
    """A page that says of itself where it comes from."""
    return "\n\n".join([f"# {title}", NOTE, *(part for part in parts if part)]) + "\n"


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    return f"`{text}`"
