"""Whether another verdict is news: the chain changed, and not merely what is known of it. Pure.

Stored findings are those that fail or are not known; `was` beside one that is not known is what its rule said
when it last was.
"""

from collections.abc import Mapping
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


def is_news(rules: RuleSet, before: States, findings: Findings, *, running: int) -> bool:
    """Some rule says another thing than it did; what becomes known for the first time is none."""
    after, by_name = states(rules, findings), {one["rule"]: one for one in findings}
    return any(
        before.get(rule.name, state) != state and not _is_of_old(rule, by_name.get(rule.name, {}), running)
        for rule in rules.rules
        if (state := after.get(rule.name)) is not None
    )


def _state(finding: Mapping[str, Any]) -> str:
    if not _is_lacking(finding):
        return Outcome.FAILS if finding["outcome"] == Outcome.FAILS else Outcome.PASSES
    return str(finding.get("was", ""))


def _is_lacking(finding: Mapping[str, Any]) -> bool:
    return finding["outcome"] == Outcome.UNKNOWN and not finding.get("so_far", False)


def _is_of_old(rule: Any, finding: Mapping[str, Any], running: int) -> bool:
    """It fails by an epoch that a history told of later. What is counted may fail by what left its window."""
    epoch = finding.get("epoch")
    if epoch is None or (isinstance(rule, ValueRule) and rule.in_at_least is not None):
        return False
    return bool(epoch < running - EPOCHS_UNTIL_TOLD - 1)
