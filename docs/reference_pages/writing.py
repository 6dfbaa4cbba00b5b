"""Which pages are written, and whether they are as the code says."""

from collections.abc import Mapping
from pathlib import Path

from docs.reference_pages.addresses import addresses_page
from docs.reference_pages.api import api_page
from docs.reference_pages.commands import commands_page
from docs.reference_pages.declared_settings import settings_page
from docs.reference_pages.embedding import DOCS, pages_with_code
from docs.reference_pages.metrics import metrics_page


def written_pages() -> Mapping[Path, str]:
    reference = {
        "settings": settings_page,
        "commands": commands_page,
        "metrics": metrics_page,
        "addresses": addresses_page,
        "api": api_page,
    }
    return pages_with_code() | {
        DOCS / "reference" / f"{name}.md": write() for name, write in reference.items()
    }


def stale_pages() -> list[str]:
    """The pages that are not what the code says."""
    return [
        str(path.relative_to(DOCS))
        for path, text in written_pages().items()
        if not path.exists() or path.read_text() != text
    ]
