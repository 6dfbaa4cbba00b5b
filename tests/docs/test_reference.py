"""The reference is what the code says, and names everything that there is."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from docs.reference_pages.addresses import addresses
from docs.reference_pages.api import openapi, operations
from docs.reference_pages.commands import (
    actions_of,
    arguments_of,
    commands_page,
    our_commands,
    parser_of,
)
from docs.reference_pages.declared_settings import types_read
from docs.reference_pages.metrics import declared_metrics
from docs.reference_pages.writing import stale_pages
from staking_project.variables import VARIABLES
from tests.docs.pages import DOCS, ROOT
from tests.packaging.building import PACKAGES
from validators.simulator.world import MAINNET_TODAY


def test_every_page_that_is_written_from_the_code_is_current() -> None:
    assert stale_pages() == [], "`make docs` writes them again"


def test_the_page_of_the_commands_shows_defaults_as_they_are_typed() -> None:
    page = commands_page()

    slot_times = ",".join(f"{epoch}:{ms}" for epoch, ms in MAINNET_TODAY.slot_times)
    assert f"| `--slot-times EPOCH:MS,...` | `{slot_times}` |" in page
    assert f"(default, as on mainnet: {MAINNET_TODAY.alpenglow_epoch};" in page
    assert not re.search(r"%\(\w+\)s|%%|`\(\(", page)


def test_the_page_of_the_commands_shows_which_value_may_be_left_out() -> None:
    page = commands_page()

    assert "| `--failed [NAME]` |" in page
    assert "| `--occurrence OCCURRENCE` |" in page
    # Of all that is fetched, and all that failed, none is named.
    assert "| `SOURCE` … |  |" in page
    assert "| `NAME\\|ID` … |  |" in page
    assert "| `FILE` | has to be given |" in page


def test_every_setting_that_is_read_is_told_of_and_no_other() -> None:
    assert set(VARIABLES) == set(types_read())


@pytest.mark.django_db
def test_every_address_that_is_listed_is_there(client: Client) -> None:
    listed = [path for path in addresses() if "<" not in path]

    assert "/readyz" in listed
    assert [path for path in listed if client.get(path).status_code == 404] == []


def test_no_variable_of_ours_is_read_past_the_settings() -> None:
    """By os.environ, or by a kind of value that the reference does not know."""
    past = re.compile(
        r"(?:os\.environ(?:\.get\(|\.setdefault\(|\[)|getenv\(|\benv\.?\w*\()\s*[\"']([A-Z][A-Z0-9_]*)[\"']",
        re.ASCII,
    )
    found = {
        name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for name in past.findall(path.read_text())
    }

    assert len(found) > 40
    assert found - set(VARIABLES) == {"DJANGO_SETTINGS_MODULE", "REQUESTS_CA_BUNDLE", "XDG_STATE_HOME"}


def test_every_alert_rule_is_in_the_table_of_rules() -> None:
    text = (DOCS / "monitoring" / "README.md").read_text()

    table = text.split("| rule |")[1].split("\n\n")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(settings.ALERT_RULES)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("settings", lambda: list(VARIABLES)),
        ("metrics", lambda: [metric.name for metric in declared_metrics()]),
        ("addresses", lambda: list(addresses())),
        ("api", lambda: [f"{method} {path}" for path, method, _ in operations(openapi())]),
        (
            "commands",
            lambda: [
                *our_commands(),
                *(f"scheduler {action}" for action in actions_of(parser_of("scheduler"))),
                *(
                    flag
                    for name in our_commands()
                    for one in arguments_of(parser_of(name))
                    for flag in one.option_strings
                ),
            ],
        ),
    ],
)
def test_the_reference_names_everything_that_there_is(page: str, names: Callable[[], list[str]]) -> None:
    text = (DOCS / "reference" / f"{page}.md").read_text()

    found = names()
    assert len(found) > 10
    assert [name for name in found if name not in text] == []
