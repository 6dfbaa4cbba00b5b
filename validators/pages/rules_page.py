"""The pages of the rule sets: what each asks, and what it says of whom."""

from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from scheduling.api import cursors
from scheduling.api.unknown import there_is_no
from scheduling.pages.access import only_read
from validators.figures import grouped
from validators.models.by_bytes import ByBytes
from validators.pages.rows import staleness
from validators.pages.unknown_words import unknown_words
from validators.reading.picture import current_picture
from validators.reading.standings import MOST_ROWS
from validators.reading.verdicts import ToldSet, parts_of_all, refused_files, told, told_sets, verdict_rows
from validators.rules.findings import Outcome
from validators.rules.schema import ElsewhereRule, RuleSet
from validators.services.verdicts.rule_sets import rule_sets

VERDICTS_PER_PAGE: Final = 50
# Of known results the ones that tell most come first.
RESULTS: Final = (Outcome.PASSES, Outcome.ELIGIBLE, Outcome.UNKNOWN, Outcome.FAILS)


@only_read
def rules_page(request: HttpRequest) -> HttpResponse:
    """Every rule set, and how many meet it."""
    about = {
        "sets": [_with_counts(one) for one in told_sets()],
        "refused": refused_files(),
        "parts": _parts(),
    }
    return _shown(request, "rules", (), about)


@only_read
def rule_set_page(request: HttpRequest, name: str) -> HttpResponse:
    """One rule set: its rules with their sources, and the verdicts by it."""
    found = next((one for one in told_sets() if one.rules.name == name), None)
    if found is None:
        raise Http404(there_is_no(name, list(rule_sets().sets), kind="rule set"))
    chosen = request.GET.get("result", "")
    result = chosen if chosen in RESULTS else ""
    # The largest first: there the answer matters to most.
    rows = verdict_rows(rules=name, result=result).order_by(
        "-validator__activated_stake", ByBytes("validator__vote_account")
    )
    paginator = Paginator(rows, VERDICTS_PER_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    about = {
        "set": _with_counts(found),
        "chosen": result,
        "rules": _rules(found.rules),
        "verdicts": [told(row, row.validator, found.rules) for row in page],
        "page": page,
        "pages": paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
    }
    return _shown(request, "rule_set", ("result", "page"), about)


def _parts() -> list[dict[str, Any]]:
    """The files that all verdicts make, each with what the API is asked for it."""
    found = parts_of_all(MOST_ROWS)
    return [
        {
            "label": f"{grouped(first)} to {grouped(last)}" if len(found) > 1 else "",
            "query": urlencode(
                {"format": "csv", "limit": MOST_ROWS}
                | ({} if key is None else {"cursor": cursors.written(cursors.KeyPlace(key=key))})
            ),
        }
        for first, last, key in found
    ]


def _with_counts(one: ToldSet) -> dict[str, Any]:
    counts = [(result.value, one.counts[result]) for result in RESULTS if one.counts.get(result)]
    return {"rules": one.rules, "counts": counts, "judged": one.judged, "meet": one.meet_measured}


def _rules(rules: RuleSet) -> list[dict[str, Any]]:
    return [
        {
            "rule": rule,
            "source": rules.source_of(rule),
            "doubt": rule.why_in_doubt,
            "elsewhere": isinstance(rule, ElsewhereRule),
        }
        for rule in rules.rules
    ]


def _shown(request: HttpRequest, name: str, known: tuple[str, ...], about: dict[str, Any]) -> HttpResponse:
    unknown = unknown_words(request.GET, known, {"result": RESULTS} if "result" in known else {})
    shown = {"picture": current_picture(), "stale": staleness(), "unknown": unknown}
    return render(request, f"validators/{name}.html", {**shown, **about})
