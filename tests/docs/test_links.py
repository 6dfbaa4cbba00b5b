"""No link leads nowhere, within the documentation or out of it into the project."""

import re

import yaml

from tests.docs.pages import BY_HAND, DOCS, EVERY, ROOT, anchors, name, prose

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")


def test_every_link_leads_to_a_file_and_every_anchor_to_a_heading() -> None:
    broken = []
    for page in (*EVERY, ROOT / "SECURITY.md"):
        for link in ("".join(found) for found in LINK.findall(prose(page))):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{name(page)}: {link}")

    assert broken == []


def test_every_page_has_a_place_in_the_navigation_and_one_title() -> None:
    # Its own tags are for mkdocs.
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    placed = set(re.findall(r"[\w/.-]+\.md", str(navigation)))

    assert placed == {str(page.relative_to(DOCS)) for page in EVERY if DOCS in page.parents}
    # What `backtest_scores` writes goes into other pages too.
    titled = [page for page in BY_HAND if name(page) != "docs/scoring/tables.md"]
    assert [name(page) for page in titled if len(re.findall(r"^# ", prose(page), re.MULTILINE)) != 1] == []


def test_the_list_of_decisions_has_each_by_its_title() -> None:
    decisions = DOCS / "decisions"
    titles = {path.name: path.read_text().partition("\n")[0] for path in decisions.glob("0*.md")}

    listed = re.findall(r"^- \[(.+)\]\((.+)\)$", (decisions / "README.md").read_text(), re.MULTILINE)

    assert [(f"# {title}", file) for title, file in listed] == [
        (titles[file], file) for file in sorted(titles)
    ]
