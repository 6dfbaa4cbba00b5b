"""Whether another verdict is news: the chain changed, and not merely what is known of it. Pure.

Stored findings are those that fail or are not known; `was` beside one that is not known is what its rule said
when it last was.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from validators.rules.findings import Outcome
from validators.rules.schema import RuleSet, ValueRule
from validators.services.verdicts.pasts import EPOCHS_UNTIL_TOLD

Findings = list[dict[str, Any]]
# What rules say, or said when they last said anything: passes or fails.
States = Mapping[str, str]
_KNOWN: Final = (Outcome.PASSES, Outcome.FAILS)


def remembering(findings: Findings, before: States) -> Findings:
    """With what was known before of each rule of which nothing is known now."""
    return [
        one | {"was": before[one["rule"]]} if _is_lacking(one) and one["rule"] in before else one
        for one in findings
    ]


def states(rules: RuleSet, findings: Findings) -> States:
    """By rule, of which something was ever known; what is known in part passes while none of that fails."""
    told = {one["rule"]: _state(one) for one in findings}
    found = {rule.name: told.get(rule.name, Outcome.PASSES.value) for rule in rules.rules}
    return {name: state for name, state in found.items() if state in _KNOWN}


def news_since(judged: Sequence[int], *, running: int) -> int:
    """The first epoch that may fail for news: all of those before were told when everybody was judged last.

    `judged` are the epochs in which that was. Epochs that nobody looked at are told once they are told of.
    """
    told = running - EPOCHS_UNTIL_TOLD
    return max((epoch for epoch in judged if epoch <= told), default=told) - 1


def judged_then(judged: Sequence[int], *, running: int) -> list[int]:
    """What of them is to be kept for later, and the one that runs: so many that `news_since` is the same."""
    told = running - EPOCHS_UNTIL_TOLD
    older = [epoch for epoch in judged if epoch <= told]
    newer = {epoch for epoch in judged if told < epoch < running}
    return [*sorted(older)[-1:], *sorted(newer), running]


def is_news(rules: RuleSet, before: States, findings: Findings, *, since: int) -> bool:
    """Some rule says another thing than it did, by an epoch not before `since`; what becomes known for the
    first time is none."""
    after, by_name = states(rules, findings), {one["rule"]: one for one in findings}
    return any(
        before.get(rule.name, state) != state and not _is_of_old(rule, by_name.get(rule.name, {}), since)
        for rule in rules.rules
        if (state := after.get(rule.name)) is not None
    )


def _state(finding: Mapping[str, Any]) -> str:
    if not _is_lacking(finding):
        return Outcome.FAILS if finding["outcome"] == Outcome.FAILS else Outcome.PASSES
    return str(finding.get("was", ""))


def _is_lacking(finding: Mapping[str, Any]) -> bool:
    return finding["outcome"] == Outcome.UNKNOWN and not finding.get("so_far", False)


def _is_of_old(rule: Any, finding: Mapping[str, Any], since: int) -> bool:
    """It fails by an epoch that a history told of later. What is counted may fail by what left its window."""
    epoch = finding.get("epoch")
    if epoch is None or (isinstance(rule, ValueRule) and rule.in_at_least is not None):
        return False
    return bool(epoch < since)
