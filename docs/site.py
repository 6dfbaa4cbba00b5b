"""What mkdocs cannot do by itself: a link out of docs/ leads to a copy, and the site stands on its own."""

import re
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel

# Of images, scripts and sheets that a page would load; links that somebody follows are no matter.
LOADED = re.compile(
    r"<(?:script|img|iframe)[^>]*\ssrc=.?https?:|<link[^>]*rel=.?stylesheet[^>]*href=.?https?:"
)
OUTSIDE = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)\)")


def on_files(files: Files, *, config: Any) -> Files:
    """Add what pages link to beside docs/: files as text, so that a browser shows rather than saves them."""
    root = Path(config["docs_dir"]).parent
    for page in list(files.documentation_pages()):
        for link in OUTSIDE.findall(Path(page.abs_src_path or "").read_text()):
            name = normpath(join(dirname(page.src_uri), link))
            path = root / "docs" / name
            if name.startswith("../") and name not in files.src_uris and path.is_file():
                beside = f"beside/{name.removeprefix('../')}.txt"
                place = (str(root / "docs"), config["site_dir"], config["use_directory_urls"])
                files.append(File(name, *place, dest_uri=beside, inclusion=InclusionLevel.INCLUDED))
    return files


def on_post_build(*, config: Any) -> None:
    """Raises PluginError for a page that loads something from another host."""
    for page in Path(config["site_dir"]).rglob("*.html"):
        if found := LOADED.search(page.read_text()):
            raise PluginError(f"{page.name} loads from elsewhere: {found[0]}")
