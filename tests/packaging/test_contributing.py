"""The first contribution that CONTRIBUTING.md leads to is one: its rule, its line of settings, its test."""

import ast
import re
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from staking_project.home import CODE
from validators.monitoring import alerts

GUIDE = (CODE / "CONTRIBUTING.md").read_text()
RULE, LINE, TEST = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.django_db
def test_the_rule_of_the_guide_passes_the_test_and_the_check_of_the_guide(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_rule, test = dict(vars(alerts)), dict[str, Any]()
    exec(RULE, with_rule)  # noqa: S102
    monkeypatch.setattr(alerts, "silent_validators", with_rule["silent_validators"], raising=False)
    exec(TEST, test)  # noqa: S102

    test["test_of_those_that_do_not_vote_the_watched_ones_are_told"](settings)

    settings.WATCHED_VALIDATORS = []
    settings.ALERT_RULES = ast.literal_eval(f"{{{LINE.strip()}}}") | settings.ALERT_RULES
    assert settings.ALERT_RULES["unvoting"].endswith("alerts.silent_validators")
    call_command("check")


def test_what_the_guide_tells_to_type_is_there() -> None:
    makefile = (CODE / "Makefile").read_text()
    typed = re.findall(r"^make ((?:[a-z-]+ ?)+)", GUIDE, re.MULTILINE) + re.findall(
        r"`make ([a-z0-9-]+)", GUIDE
    )
    named = {target for words in typed for target in words.split()}
    assert {"lint", "types", "release"} < named
    assert [target for target in sorted(named) if f"\n{target}:" not in makefile] == []
    links = re.findall(r"\]\(([^)#:]+)\)", GUIDE)
    assert [link for link in links if not (CODE / link).exists()] == []
