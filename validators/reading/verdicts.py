"""What the rule sets say, in words: of one validator, of many, and of each set."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import Any, Final

from django.db.models import Count, Q

from validators import figures
from validators.models import RuleVerdict, Validator
from validators.rules.findings import Outcome, all_clear_in
from validators.rules.inputs import ABOUT, Unit
from validators.rules.schema import RuleSet, ValueRule
from validators.services.verdicts.rule_sets import rule_sets

# Of rules that fail, in a line.
MOST_NAMED: Final = 3
# More than those of a lamport nothing has.
MOST_PLACES: Final = 9
# Of what is less than a SOL, as on pages.
PLACES_OF_LESS: Final = 3
# In which order they are said.
_SAID_BY: Final = {
    Outcome.PASSES: "passes",
    Outcome.ELIGIBLE: "is eligible for",
    Outcome.FAILS: "fails",
    Outcome.UNKNOWN: "is not known to pass",
    None: "was not judged by",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFinding:
    """One rule that keeps a validator from passing; epochs are of what failed."""

    rule: str
    result: str
    elsewhere: bool
    sentence: str
    value: float | bool | str | None
    epoch: int | None
    first_epoch: int | None
    epochs: int
    clears_in: int | None
    goes_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldVerdict:
    """One rule set's verdict; of a set by which nobody was judged yet `result` is None."""

    validator: Validator
    rules: str
    title: str
    rules_version: str
    result: str | None
    measured: str | None
    since_epoch: int | None
    failing: Sequence[ToldFinding]
    unknown: Sequence[ToldFinding]
    passing: Sequence[str]
    clears_in: int | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSet:
    """One rule set, and how many validators have which result.

    Of those of whom it is unknown, `meet_measured` meet every rule that can be looked at.
    """

    rules: RuleSet
    counts: Mapping[str, int]
    meet_measured: int

    @property
    def judged(self) -> int:
        return sum(self.counts.values())


def told_sets() -> list[ToldSet]:
    """One query."""
    met = Count("pk", filter=Q(result=Outcome.UNKNOWN, measured=Outcome.PASSES))
    groups = RuleVerdict.objects.order_by().values("rules", "result").annotate(number=Count("pk"), met=met)
    counted: defaultdict[str, dict[str, int]] = defaultdict(dict)
    meet: Counter[str] = Counter()
    for rules, result, number, meeting in groups.values_list("rules", "result", "number", "met"):
        counted[rules][result] = number
        meet[rules] += meeting
    return [
        ToldSet(rules=one, counts=counted[one.name], meet_measured=meet[one.name])
        for one in rule_sets().sets.values()
    ]


def parts_of_all(size: int) -> list[tuple[int, int, int | None]]:
    """Of all verdicts in parts of so many: first and last number, behind which key.

    Who was first judged last comes first. A verdict that changes keeps its key, so that it moves to no other
    part. One query.
    """
    keys = list(verdict_rows().order_by("-pk").values_list("pk", flat=True))
    return [
        (start + 1, min(start + size, len(keys)), keys[start - 1] if start else None)
        for start in range(0, len(keys), size)
    ]


def refused_files() -> Sequence[str]:
    return rule_sets().refused


def verdicts_of(validator: Validator) -> list[ToldVerdict]:
    """By each rule set there is. One query."""
    rows = {row.rules: row for row in RuleVerdict.objects.filter(validator=validator)}
    found = []
    for rules in rule_sets().sets.values():
        row = rows.get(rules.name)
        found.append(_not_judged(validator, rules) if row is None else told(row, validator, rules))
    return found


def in_a_line(verdicts: Sequence[ToldVerdict]) -> str:
    """Such as: It fails JagPool; is not known to pass JPool."""
    by_result: defaultdict[str | None, list[str]] = defaultdict(list)
    for one in verdicts:
        by_result[one.result].append(one.title)
    said = [
        f"{words} {', '.join(by_result[result])}" for result, words in _SAID_BY.items() if by_result[result]
    ]
    return f"It {'; '.join(said)}." if said else ""


def verdict_rows(*, rules: str = "", result: str = "", behind: int | None = None) -> Any:
    """The stored verdicts of rule sets that there are, each with its validator; those `behind` a key."""
    rows = RuleVerdict.objects.select_related("validator")
    narrowed = {"rules": rules or None, "result": result or None, "pk__lt": behind}
    rows = rows.filter(**{name: value for name, value in narrowed.items() if value is not None})
    return rows if rules else rows.filter(rules__in=list(rule_sets().sets))


def told(row: RuleVerdict, validator: Validator, rules: RuleSet | None) -> ToldVerdict:
    """In words, by its rule set; of one that is no more, by its names alone."""
    findings = [told_finding(rules, one) for one in row.findings]
    failing = [one for one in findings if one.result == Outcome.FAILS]
    unknown = [one for one in findings if one.result == Outcome.UNKNOWN]
    kept = {one.rule for one in findings}
    passing = [rule.name for rule in rules.rules if rule.name not in kept] if rules else []
    return ToldVerdict(
        validator=validator,
        rules=row.rules,
        title=rules.title if rules else row.rules,
        rules_version=row.rules_version,
        result=row.result,
        measured=row.measured,
        since_epoch=row.since_epoch,
        failing=failing,
        unknown=unknown,
        passing=passing,
        clears_in=all_clear_in([one.clears_in for one in failing]),
        sentence=_sentence(row, failing, unknown, passing),
    )


def _not_judged(validator: Validator, rules: RuleSet) -> ToldVerdict:
    why = "It has left the cluster" if validator.left_at else "It was not judged by these rules yet"
    return ToldVerdict(
        validator=validator,
        rules=rules.name,
        title=rules.title,
        rules_version=rules.version,
        result=None,
        measured=None,
        since_epoch=None,
        failing=(),
        unknown=(),
        passing=(),
        clears_in=None,
        sentence=f"{why}.",
    )


def _sentence(
    row: RuleVerdict, failing: Sequence[ToldFinding], unknown: Sequence[ToldFinding], passing: Sequence[str]
) -> str:
    number = len(failing) + len(unknown) + len(passing)
    if failing:
        of = "its one rule" if number == 1 else f"{len(failing)} of {number} rules"
        return f"Fails {of}: {_named(one.rule for one in failing)}."
    if not unknown:
        chosen = "; who of those is chosen is not decided by rules" if row.result == Outcome.ELIGIBLE else ""
        return f"Meets {'its one rule' if number == 1 else f'all {number} rules'}{chosen}."
    elsewhere = [one for one in unknown if one.elsewhere]
    lacking = [one for one in unknown if not one.elsewhere]
    parts = [f"Meets {len(passing)} of {number} rules and fails none"]
    if lacking:
        parts.append(f"{len(lacking)} not known: {_named(one.rule for one in lacking)}")
    if elsewhere:
        parts.append(f"{len(elsewhere)} decided elsewhere")
    return f"{'; '.join(parts)}."


def _named(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else ""
    return f"{', '.join(every[:MOST_NAMED])}{more}"


def told_finding(rules: RuleSet | None, finding: Mapping[str, Any]) -> ToldFinding:
    """In words; of a set that is no more, by its names alone."""
    by_name = {rule.name: rule for rule in rules.rules} if rules else {}
    rule = by_name.get(finding["rule"])
    said = rule.said if rule else finding["rule"]
    for_ever = isinstance(rule, ValueRule) and rule.window == "all"
    failed = finding["outcome"] == Outcome.FAILS
    why = _failed_said(finding, rule, never=for_ever) if failed else finding.get("because", "not known")
    return ToldFinding(
        rule=finding["rule"],
        result=finding["outcome"],
        elsewhere=finding.get("elsewhere", False),
        sentence=f"{said}: {why}.",
        value=finding.get("value"),
        epoch=finding.get("epoch"),
        first_epoch=finding.get("first_epoch"),
        epochs=finding.get("epochs", 0),
        clears_in=finding.get("clears_in"),
        goes_on=finding.get("goes_on", False),
    )


def _failed_said(finding: Mapping[str, Any], rule: Any, *, never: bool) -> str:
    if isinstance(rule, ValueRule) and rule.in_at_least is not None:
        return _too_few(finding, rule)
    of_tips = isinstance(rule, ValueRule) and rule.input == "mev_commission"
    nothing = "no account of tips" if of_tips else "not in the cluster"
    value = finding.get("value")
    said = f"{nothing if value is None else _written(value, rule)} in epoch {finding['epoch']}"
    if finding.get("epochs", 0) > 1:
        said += f", the last of {finding['epochs']} since epoch {finding['first_epoch']}"
    clears_in = finding.get("clears_in")
    if clears_in is None:
        return f"{said}; that never leaves" if never else f"{said}, as it stands now"
    if finding.get("goes_on"):
        return f"{said}; out of the window in epoch {clears_in} at the earliest, if it is changed at once"
    return f"{said}; out of the window in epoch {clears_in}, if nothing else happens"


def _too_few(finding: Mapping[str, Any], rule: ValueRule) -> str:
    if rule.window == "all":
        return (
            f"{figures.grouped(int(finding['value']))} so far, {finding['epochs']} too few; enough in epoch "
            f"{finding['clears_in']}, if each until then is one"
        )
    number = finding["epochs"]
    failed = "1 epoch does not" if number == 1 else f"{number} epochs do not"
    return (
        f"{failed} meet it, the last of them {finding['epoch']}; enough do in epoch {finding['clears_in']}, "
        "if nothing else happens"
    )


def _written(value: float | bool | str, rule: Any) -> str:
    """As pages write it, and so exactly that what is written fails the rule too."""
    if isinstance(value, str) or not isinstance(rule, ValueRule):
        return str(value)
    about = ABOUT[rule.input]
    if isinstance(value, bool):
        return about.yes if value else about.no
    # What it fails by: a rule may have no bound of its own, only one beyond which it fails for sure.
    bound = rule.doubt if rule.doubt is not None and rule.doubt.is_anything else rule
    fewest = PLACES_OF_LESS if about.unit is Unit.SOL and 0 < value < 1 else 0
    for places in range(fewest, MOST_PLACES + 1):
        if about.unit is Unit.SOL:
            # Down, as everywhere: what is not whole is not there yet.
            shown = floor(value * 10**places) / 10**places
            text = f"{figures.decimal(shown, places)} SOL"
        else:
            shown = round(value, places + 4)
            text = figures.percent(shown, places + 2)
            if about.is_setting:
                text = f"{text.removesuffix(' %').rstrip('0').rstrip('.')} %"
        # What is not nothing is never written as it.
        if not bound.holds(shown) and (shown or not value):
            break
    return text
