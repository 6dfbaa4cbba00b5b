"""What docs/monitoring tells others to load: it loads, and speaks of metrics that exist."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from scheduling.models import RunState
from tests.scheduling.factories import NOON, RunFactory
from tests.validators.rows import fetch, scoring_run, validator
from validators.models import ChainState, ClusterEpoch, EndpointState
from validators.services.requests import record_requests
from validators.solana.request_counts import Outcome, Request

DOCUMENTS = Path(settings.BASE_DIR) / "docs" / "monitoring"
RULES = DOCUMENTS / "alert-rules.yml"
DASHBOARD = DOCUMENTS / "grafana-dashboard.json"
METRIC = re.compile(r"\bstaking_\w+")


def exposed(client: Client) -> dict[str, set[str]]:
    """Every name that a scrape of a system with some of everything can bring, and its labels."""
    for state in RunState:
        RunFactory(state=state, finished_at=NOON, lateness=timedelta(milliseconds=3))
    fetch()
    ClusterEpoch.objects.create(epoch=990, credits_unit="lamports", slot_ms=200)
    ChainState.objects.create(looked_at=NOON, measured_slot_ms=203.5)
    EndpointState.objects.create(name="http://127.0.0.1", slots_behind=3, plausible_slot=427_000_000)
    scoring_run([(validator(1), 98.5), (validator(2), 40.0)])
    record_requests({Request("rpc.example.org", "getEpochInfo", Outcome.OK): 1})
    names: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").content.decode()):
        for sample in family.samples:
            names.setdefault(sample.name, set()).update(sample.labels)
    return names


def rules() -> list[dict[str, str]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [rule["expr"] for rule in rules()] + [
        target["expr"] for panel in panels for target in panel["targets"]
    ]


@pytest.mark.django_db
def test_the_dashboard_and_the_rules_speak_of_metrics_and_labels_that_exist(client: Client) -> None:
    known = exposed(client)

    asked = expressions()

    assert len(asked) > 25
    assert {name for expression in asked for name in METRIC.findall(expression)} <= set(known)
    for expression in asked:
        for name, labels in re.findall(r"\b(staking_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=", labels)) <= known[name], expression


@pytest.mark.django_db
def test_every_metric_is_described_in_the_reference(client: Client) -> None:
    described = set(METRIC.findall((DOCUMENTS.parent / "reference" / "metrics.md").read_text()))

    exposed(client)
    families = text_string_to_metric_families(client.get("/metrics").content.decode())
    names = {
        f"{family.name}_total" if family.type == "counter" else re.sub("_g(sum|count)$", "", family.name)
        for family in families
    }

    assert names == described


@pytest.mark.django_db
def test_the_first_run_of_a_new_installation_is_told_from_a_later_one_that_is_late(client: Client) -> None:
    """By `StakingRareRunLate`, which asks for more than one: setting up and starting are minutes apart."""
    [rule] = [one for one in rules() if one["alert"] == "StakingRareRunLate"]
    assert rule["expr"].endswith("and on (schedule) staking_run_lateness_seconds_count > 1")

    def counted() -> list[float]:
        families = text_string_to_metric_families(client.get("/metrics").content.decode())
        samples = [sample for family in families for sample in family.samples]
        return [one.value for one in samples if one.name == "staking_run_lateness_seconds_count"]

    job = RunFactory(state=RunState.SUCCEEDED, finished_at=NOON, lateness=timedelta(minutes=2)).job
    assert counted() == [1.0]

    later = NOON + timedelta(hours=6)
    RunFactory(job=job, state=RunState.SUCCEEDED, occurrence=later, finished_at=later, lateness=timedelta())

    assert counted() == [2.0]


def test_every_rule_has_a_name_a_severity_and_a_sentence() -> None:
    [group] = yaml.safe_load(RULES.read_text())["groups"]

    for rule in group["rules"]:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]


@pytest.mark.processes
def test_prometheus_itself_fires_each_rule_when_it_should_with_a_sentence(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    for file in (RULES, Path(__file__).parent / "alert_rules_tests.yml"):
        shutil.copy(file, tmp_path)

    tried = subprocess.run(
        [promtool, "test", "rules", "alert_rules_tests.yml"], cwd=tmp_path, capture_output=True, text=True
    )

    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_prometheus_is_told_to_ask_where_the_proxy_does_not_refuse_it() -> None:
    documents = DOCUMENTS.parent
    text = (DOCUMENTS / "README.md").read_text()
    block = re.search(r"```yaml\n(scrape_configs.*?)```", text, re.DOTALL)
    assert block is not None
    [job] = yaml.safe_load(block[1])["scrape_configs"]
    unit = (documents / "systemd" / "staking-web.service").read_text()

    # What both proxies keep from strangers, and so from who asks the name of the site.
    assert (
        "location ~ ^/(healthz|readyz|metrics)$ {\n        return 404;"
        in (documents / "proxy" / "nginx.conf").read_text()
    )
    assert (
        "@inside path /healthz /readyz /metrics\n\trespond @inside 404"
        in (documents / "proxy" / "Caddyfile").read_text()
    )
    assert [f"--bind {target} " in unit for one in job["static_configs"] for target in one["targets"]] == [
        True
    ]
    assert job.get("scheme", "http") == "http"


def test_the_dashboards_panels_do_not_lie_upon_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
