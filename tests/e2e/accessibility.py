"""What axe-core finds on a page."""

from pathlib import Path
from typing import Final

from playwright.sync_api import Page

AXE: Final = (Path(__file__).parent / "axe" / "axe-core-4.14.1" / "axe.min.js").read_text()
# Only what is asked for crosses over from the browser: the whole of what axe finds is long. What it would
# load before, style sheets that others import, it writes into the page, whose policy forbids that.
_FIND: Final = """async ({allowed, rules}) => {
  const only = rules && {runOnly: {type: "rule", values: rules}};
  const options = {preload: false, resultTypes: ["violations"], ...only};
  const {violations} = await axe.run(options);
  const grave = ({id, impact}) => ["serious", "critical"].includes(impact) && !allowed.includes(id);
  return violations.filter(grave).map(
    ({id, impact, help, nodes}) => `${id} (${impact}), ${nodes.length} times: ${help}: ${nodes[0].html}`
  );
}"""
# A style sheet of the browser's own, which no content security policy of a page forbids.
_AT_ONCE: Final = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { transition: none !important; }");
  document.adoptedStyleSheets.push(sheet);
}"""
# What changes between light and dark; everything else is the same in both.
OF_COLORS: Final = ("color-contrast", "link-in-text-block")


def prepare(page: Page) -> None:
    """Load axe, and have colours change at once: those in between are nobody's to judge."""
    page.evaluate(_AT_ONCE)
    page.evaluate(AXE)


def violations(page: Page, *, allowed: frozenset[str], rules: tuple[str, ...] = ()) -> list[str]:
    """The serious and critical violations of these rules, or of all; each with where it was found first."""
    found: list[str] = page.evaluate(_FIND, {"allowed": [*allowed], "rules": [*rules] or None})
    return found
