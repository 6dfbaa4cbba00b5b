"""The metrics, from where they are made: name, type, labels and what Prometheus is told of them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from docs.reference_pages.declared_settings import ROOT
from docs.reference_pages.tables import code, page, table

FAMILIES: Final = {
    "CounterMetricFamily": "counter",
    "GaugeMetricFamily": "gauge",
    "HistogramMetricFamily": "histogram",
    "GaugeHistogramMetricFamily": "gauge histogram",
}
OUR_APPS: Final = ("scheduling", "validators", "staking_project")


@dataclass(frozen=True, slots=True)
class DeclaredMetric:
    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str


def declared_metrics() -> list[DeclaredMetric]:
    """Every metric that a scrape can bring, by name."""
    found: dict[str, DeclaredMetric] = {}
    for app in OUR_APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            text = file.read_text()
            if "MetricFamily" in text:
                found |= {metric.name: metric for metric in _made_in(ast.parse(text))}
    return [found[name] for name in sorted(found)]


def metrics_page() -> str:
    rows = [(code(_with_labels(metric)), metric.type, metric.meaning) for metric in declared_metrics()]
    return page(
        "Metrics",
        "At `/metrics`, in Prometheus' text format. What is not known is absent, never 0. How to scrape it, "
        "and dashboards and rules that read it: [Watching it from outside](../monitoring/README.md).",
        table(("metric", "type", "meaning"), rows),
    )


def _with_labels(metric: DeclaredMetric) -> str:
    labels = f"{{{','.join(metric.labels)}}}" if metric.labels else ""
    return f"{metric.name}{labels}"


def _made_in(tree: ast.Module) -> Iterator[DeclaredMetric]:
    """Of calls such as GaugeMetricFamily("staking_epoch", "Epoch of the newest fetch."), and of a
    dictionary of names and meanings in the same module that one call makes all of."""
    named = [pair for node in ast.walk(tree) if isinstance(node, ast.Dict) for pair in _pairs(node)]
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not isinstance(call.func, ast.Name) or call.func.id not in FAMILIES:
            continue
        kind = FAMILIES[call.func.id]
        labels = tuple(
            str(ast.literal_eval(label))
            for word in call.keywords
            if word.arg == "labels" and isinstance(word.value, ast.List)
            for label in word.value.elts
        )
        first, second = call.args[:2]
        one = [(str(first.value), _text(second))] if isinstance(first, ast.Constant) else named
        for name, meaning in one:
            total = "_total" if kind == "counter" else ""
            yield DeclaredMetric(f"{name}{total}", kind, labels, meaning)


def _pairs(node: ast.Dict) -> Iterator[tuple[str, str]]:
    for key, value in zip(node.keys, node.values, strict=True):
        told = isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
        if told and _text(key).startswith("staking_"):
            yield _text(key), _text(value)


def _text(node: ast.expr | None) -> str:
    assert node is not None
    return str(ast.literal_eval(node))
