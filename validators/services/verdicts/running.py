"""One judging: everybody present, by every rule set, and what became another verdict."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils import timezone
from pydantic_core import to_json

from scheduling.engine.execution import commit_with_run
from validators.exceptions import PictureChangedError
from validators.models import THE_JUDGING, Fetch, Judging, RuleVerdict
from validators.models.marks import Writer, mark_picture
from validators.rules.files import RuleSets
from validators.rules.findings import Finding, Outcome, Verdict
from validators.rules.judging import judge
from validators.rules.schema import RuleSet
from validators.services import bulk
from validators.services.attempts import newest_fetch
from validators.services.events import Kind, News, record_events
from validators.services.memory import collector_paused
from validators.services.verdicts.news import (
    Findings,
    is_news,
    judged_then,
    news_since,
    remembering,
    states,
)
from validators.services.verdicts.pasts import pasts_by_key
from validators.services.verdicts.rule_sets import rule_sets

logger = logging.getLogger(__name__)

MOST_READINGS: Final = 5
_FIELDS: Final = tuple(Finding.__dataclass_fields__)
_WRITTEN: Final = ("rules_version", "result", "measured", "findings", "since_epoch")
# (validator's key, name of the rule set)
Pair = tuple[int, str]


@collector_paused()
def judge_newest_fetch() -> dict[str, Any]:
    """Judge everybody present and store it, with the end of the run if there is one.

    Raises SkipRun before the first fetch. A file that cannot be used is told in the result and the log, and
    what was stored by its rules before stays.
    """
    sets = rule_sets()
    for problem in sets.refused:
        logger.warning("Rules not used: %s", problem)
    fetch, verdicts = _verdicts(list(sets.sets.values()), None)
    # Beforehand, for who writes is waited for by others.
    findings = {pair: _findings(verdict) for pair, verdict in verdicts.items()}
    changed = commit_with_run(lambda: record_verdicts(sets, verdicts, findings, epoch=fetch.epoch))
    return {"epoch": fetch.epoch, "rule_sets": len(sets.sets), **changed, "refused": list(sets.refused)}


def verdicts_now(sets: Sequence[RuleSet], *, keys: Sequence[int] | None) -> dict[Pair, Verdict]:
    """Of everybody present, or of these keys; stores nothing. Raises SkipRun before the first fetch."""
    return _verdicts(sets, keys)[1]


def _verdicts(sets: Sequence[RuleSet], keys: Sequence[int] | None) -> tuple[Fetch, dict[Pair, Verdict]]:
    """All of one fetch, without a lock. Raises PictureChangedError when there never is the time for that."""
    for _ in range(MOST_READINGS):
        fetch = newest_fetch()
        pasts = list(pasts_by_key(fetch, sets, keys=keys))
        if Fetch.objects.newest() == fetch:
            return fetch, {(key, one.name): judge(one, past) for key, past in pasts for one in sets}
    raise PictureChangedError(f"A fetch was stored during each of {MOST_READINGS} readings of the newest one")


def record_verdicts(
    sets: RuleSets, verdicts: Mapping[Pair, Verdict], findings: Mapping[Pair, Findings], *, epoch: int
) -> dict[str, int]:
    """Write what is another verdict than before. Call inside a transaction.

    By a rule set of another version nothing is told: there it is the rules that changed. Nor is what becomes
    known for the first time: there it is we who learned.
    """
    bulk.serialize_writers()
    stored = {(row.validator_id, row.rules): row for row in RuleVerdict.objects.all()}
    since = _news_since(epoch)
    new, again, news = [], [], []
    for pair, verdict in verdicts.items():
        rules, row = sets.sets[pair[1]], stored.get(pair)
        told = (rules.version, verdict.outcome.value, verdict.measured.value)
        if row is None:
            new.append((*pair, *told, _text(findings[pair]), epoch))
            continue
        stood = (row.rules_version, row.result, row.measured)
        if told == stood and findings[pair] == row.findings:
            continue
        before = states(rules, row.findings) if row.rules_version == rules.version else {}
        found = remembering(findings[pair], before)
        if told == stood and found == row.findings:
            continue
        again.append((*told, _text(found), row.since_epoch if told[:2] == stood[:2] else epoch, row.pk))
        if row.result != verdict.outcome and is_news(rules, before, found, since=since):
            news.append(News(Kind.VERDICT, pair[0], _facts(rules, verdict, before=row.result)))
    gone = _gone(sets, verdicts, stored)
    bulk.insert_rows(RuleVerdict, fields=("validator_id", "rules", *_WRITTEN), rows=new, constants={})
    bulk.update_rows(RuleVerdict, fields=_WRITTEN, rows=again, constants={})
    RuleVerdict.objects.filter(pk__in=gone).delete()
    if new or again or gone:
        mark_picture(Writer.VERDICTS)
    record_events(news, epoch=epoch, at=timezone.now())
    counts = {"new": len(new), "changed": len(again), "gone": len(gone), "told": len(news)}
    return {"judged": len(verdicts), **counts}


def _news_since(epoch: int) -> int:
    """As `news_since`; writes that everybody is judged in this epoch."""
    row = Judging.objects.filter(pk=THE_JUDGING).first() or Judging(pk=THE_JUDGING)
    since = news_since(row.epochs, running=epoch)
    epochs = judged_then(row.epochs, running=epoch)
    if epochs != row.epochs:
        row.epochs = epochs
        row.save()
    return since


def _text(findings: Findings) -> str:
    return to_json(findings).decode()


def _findings(verdict: Verdict) -> Findings:
    """Those that keep it from passing, each as its fields that say something."""
    return [
        {name: value for name in _FIELDS if _says_something(value := getattr(one, name)) or name == "value"}
        for one in verdict.findings
        if one.outcome is not Outcome.PASSES
    ]


def _says_something(value: Any) -> bool:
    return value is not None and value is not False and value != ""


def _facts(rules: RuleSet, verdict: Verdict, *, before: str) -> dict[str, Any]:
    failing = [one for one in verdict.findings if one.outcome is Outcome.FAILS]
    return {
        "rules": rules.name,
        "title": rules.title,
        "version": rules.version,
        "from": before,
        "to": verdict.outcome.value,
        "failing": [one.rule for one in failing],
        "clears_in": verdict.clears_in,
    }


def _gone(sets: RuleSets, verdicts: Mapping[Pair, Verdict], stored: Mapping[Pair, RuleVerdict]) -> list[int]:
    """Of validators that left, and of rule sets that are no more; not while a file cannot be used."""
    present = {key for key, _ in verdicts}
    return [
        row.pk
        for pair, row in stored.items()
        if pair not in verdicts and (pair[0] not in present or not sets.refused)
    ]
