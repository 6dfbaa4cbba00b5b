"""Each recipe is a file that is dropped in as it is, named where its page says, and works."""

import re
import shutil
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from examples.recipes import scoring_method, source
from scheduling.clock import database_now
from scheduling.conditions import require_condition
from scheduling.exceptions import SkipRun
from scheduling.models import Job
from scheduling.models.paths import task_at
from scheduling.modes import declared_jobs
from scheduling.monitoring.alerts import evaluate
from scheduling.operations import setting_up
from staking_project.home import CODE
from tests.packaging.building import PACKAGES
from tests.validators import replies
from tests.validators.endpoints import CannedEndpoint
from tests.validators.rows import validator
from validators.models import RuleVerdict, ScoringRun, Validator
from validators.scoring import registry
from validators.tasks import fetch_validators, judge_by_rules, score_validators

pytestmark = pytest.mark.django_db

SATURDAY, MONDAY = datetime(2026, 11, 21, 12, tzinfo=UTC), datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("recipe", ["alert-rule", "condition", "scoring-method", "source"])
def test_a_recipe_puts_its_file_where_the_wheel_takes_it_from_and_names_what_is_in_it(recipe: str) -> None:
    page = (CODE / "docs" / "recipes" / f"{recipe}.md").read_text()
    source = page.split("<!-- shows ")[1].split(" -->")[0]
    code = import_module(source.removesuffix(".py").replace("/", "."))

    put = r"^1\. Put this file into `([\w/]+)/`, here as `(\w+)\.py`"
    [(folder, name)] = re.findall(put, page, re.MULTILINE)

    assert folder.split("/")[0] in PACKAGES
    assert (CODE / folder / "__init__.py").exists()
    steps = page.split("<!-- end -->")[1]
    module = re.escape(f"{folder.replace('/', '.')}.{name}")
    named = re.findall(rf"`{name}\.([A-Z]+)`|\"{module}\.(\w+)\"", steps)
    assert named
    assert all(hasattr(code, alone or dotted) for alone, dotted in named)


def test_a_condition_of_ones_own_refuses_with_its_reason(settings: Any) -> None:
    settings.SCHEDULING_CONDITIONS = {"working_days": "examples.recipes.condition.working_days"}

    def ask(occurrence: datetime) -> None:
        require_condition("working_days", job_id=1, job_name="report", occurrence=occurrence)

    ask(MONDAY)
    with pytest.raises(SkipRun, match="working_days: Saturday is no working day"):
        ask(SATURDAY)


def test_an_alert_rule_of_ones_own_opens_an_alert(settings: Any) -> None:
    settings.ALERT_RULES = {"concentrated": "examples.recipes.alert_rule.concentrated_stake"}
    assert evaluate(now=MONDAY) == []
    for number in range(3):
        validator(number, superminority=True)

    [news] = evaluate(now=MONDAY.replace(minute=1))

    assert (news.rule, news.message) == (
        "concentrated",
        "3 vote accounts hold more than a third of the stake.",
    )


def test_a_source_of_ones_own_is_set_up_and_keeps_its_answer(settings: Any, endpoint: CannedEndpoint) -> None:
    settings.SCHEDULED_JOBS = [*settings.SCHEDULED_JOBS, "examples.recipes.source.JOBS"]
    settings.TASK_MODULES = [*settings.TASK_MODULES, "examples.recipes.source"]
    endpoint.results["getVersion"] = {"solana-core": "4.0.1", "feature-set": 1}
    assert source.JOBS[0] in declared_jobs()
    setting_up.set_up("test", now=database_now(), by="tester")

    result = task_at(Job.objects.get(name="fetch-endpoint-version").task)()

    assert result["version"] == "4.0.1"
    assert endpoint.methods == ["getVersion"]


def test_rules_of_ones_own_judge_everybody(
    settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], endpoint: CannedEndpoint
) -> None:
    shutil.copy("examples/recipes/rule_set.toml", tmp_path)
    settings.RULES_DIR = str(tmp_path)
    assert call_command("check", "--tag", "installation") is None
    endpoint.current = [
        replies.account(1),
        replies.account(2, commission=50, inflationRewardsCommissionBps=5_000),
    ]
    fetch_validators()

    judge_by_rules()

    verdicts = RuleVerdict.objects.filter(rules="ours").order_by("validator__commission_bps")
    assert [one.result for one in verdicts] == ["unknown", "fails"]
    [commission, *_] = verdicts[1].findings
    assert (commission["rule"], commission["value"], commission["goes_on"]) == ("commission", 0.5, True)
    call_command("verdicts", "--rules", "ours")
    assert "Our own rules" in capsys.readouterr().out


def test_a_scoring_method_of_ones_own_ranks_and_explains(
    settings: Any, monkeypatch: pytest.MonkeyPatch, endpoint: CannedEndpoint
) -> None:
    monkeypatch.setitem(registry.METHODS, "kept-v1", scoring_method.METHOD)
    settings.SCORE_METHODS = ["kept-v1", "baseline-v1"]
    free = {"commission": 0, "inflationRewardsCommissionBps": 0}
    dear = {"commission": 50, "inflationRewardsCommissionBps": 5_000}
    endpoint.current = [replies.account(1, **free), replies.account(2, **dear)]
    fetch_validators()

    score_validators()

    run = ScoringRun.objects.get(method="kept-v1")
    best, worst = run.scores.order_by("rank")
    assert best.validator == Validator.objects.get(commission_bps=0)
    assert worst.score == pytest.approx(best.score / 2)
    for score in (best, worst):
        parts = scoring_method.explain(score.components)
        assert sum(part.points for part in parts) == pytest.approx(score.score)
