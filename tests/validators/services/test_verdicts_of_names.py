"""Whether a validator published a name is unknown until names were asked for, and never no."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.validators.rows import NOON, fetch, validator
from validators import tasks
from validators.models import IdentityChange, RuleVerdict, SourceState, Validator

pytestmark = [pytest.mark.django_db, pytest.mark.database]

RULES = """
name = "mine"
title = "Mine"
version = "1"
read_on = 2026-11-26
decides = "rules"
decision = "Whoever meets them is taken."

[[rules]]
name = "name"
kind = "value"
said = "A name"
input = "has_name"
is = true
window = 1
running = true
"""


@pytest.fixture
def results(tmp_path: Path, settings: Any) -> Any:
    settings.RULES_DIR = str(tmp_path)
    (tmp_path / "mine.toml").write_text(RULES)

    def judged() -> list[str]:
        tasks.judge_by_rules()
        stored = RuleVerdict.objects.filter(rules="mine").order_by("validator_id")
        return list(stored.values_list("result", flat=True))

    return judged


def test_nobody_fails_for_a_name_before_names_were_asked_for(results: Any) -> None:
    fetch()
    validator(1, name="One")
    validator(2)
    assert results() == ["passes", "unknown"]

    names = SourceState.objects.create(source="names", last_attempt_at=NOON, last_error="refused")
    assert results() == ["passes", "unknown"]

    names.last_success_at = NOON
    names.save()
    assert results() == ["passes", "fails"]


def test_nor_whose_identity_is_another_since(results: Any) -> None:
    fetch()
    SourceState.objects.create(source="names", last_success_at=NOON)
    for number, hours in ((1, -1), (2, 1)):
        IdentityChange.objects.create(
            validator=validator(number, first_seen_at=NOON),
            epoch=990,
            from_identity="before",
            to_identity=f"node{number}",
            seen_at=NOON + timedelta(hours=hours),
        )

    assert results() == ["fails", "unknown"]


def test_nor_who_came_since(results: Any) -> None:
    fetch()
    SourceState.objects.create(source="names", last_success_at=NOON)
    validator(1, first_seen_at=NOON + timedelta(hours=1))
    assert results() == ["unknown"]

    Validator.objects.update(name="One")
    assert results() == ["passes"]
