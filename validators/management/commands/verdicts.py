"""Would they take it? By the rule sets, as things stand now."""

import csv
import json
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any, Final

from django.core.management.base import CommandError

from scheduling.api.unknown import shortened, there_is_no
from scheduling.exceptions import SkipRun
from scheduling.management.command import WRONG_USAGE, OperatorCommand
from scheduling.management.tables import table
from scheduling.wording import cell_text
from validators.models import Validator
from validators.models.validators import PUBKEY_LENGTH
from validators.reading.standings import accounts_of_node
from validators.reading.verdicts import told_finding
from validators.rules.findings import Outcome, Verdict
from validators.rules.schema import RuleSet
from validators.services.verdicts.rule_sets import rule_sets
from validators.services.verdicts.running import verdicts_now

COLUMNS: Final = (
    "vote_account",
    "rules",
    "rules_version",
    "result",
    "measured",
    "failing",
    "unknown",
    "clears_in",
)
NO_OUTCOMES: Final = "No public outcomes are recorded, so agreement with them is not known."
Judged = tuple[str, RuleSet, Verdict]


class Command(OperatorCommand):
    help = "Judges every validator by the rules of those who delegate, and by your own; stores nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rules", metavar="NAME", help="Only by this rule set; all unless given.")
        parser.add_argument("--validator", metavar="KEY", help="Only this vote account.")
        parser.add_argument("--format", choices=("csv", "json"), help="In full, one of these; else a table.")

    def handle(self, *args: Any, rules: str | None, validator: str | None, **options: Any) -> None:
        chosen = self._chosen(rules)
        names = _names(validator)
        try:
            found = verdicts_now(chosen, keys=list(names) if validator else None)
        except SkipRun as exc:
            raise CommandError(f"There is nothing to judge: {exc}.") from exc
        if validator and not found:
            raise CommandError(f"{validator} has left the cluster.")
        by_name = {one.name: one for one in chosen}
        judged = [(names[key], by_name[name], verdict) for (key, name), verdict in found.items()]
        if options["format"] == "json":
            self.stdout.write(json.dumps([_document(*one) for one in judged], indent=1))
        elif options["format"] == "csv":
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_line(*one) for one in judged)
        elif validator:
            self._one(judged)
        else:
            self._counts(chosen, judged)

    def _chosen(self, name: str | None) -> list[RuleSet]:
        known = rule_sets()
        for problem in known.refused:
            self.stderr.write(f"Not used: {problem}")
        if name is None:
            return list(known.sets.values())
        if name not in known.sets:
            raise CommandError(there_is_no(name, list(known.sets), kind="rule set"), returncode=WRONG_USAGE)
        return [known.sets[name]]

    def _one(self, judged: Sequence[Judged]) -> None:
        for _, rules, verdict in judged:
            self.stdout.write(f"{rules.title}: {verdict.outcome}")
            for one in verdict.findings:
                if one.outcome is not Outcome.PASSES:
                    sentence = told_finding(rules, asdict(one)).sentence
                    self.stdout.write(f"  {one.outcome:<8} {one.rule}: {sentence}")

    def _counts(self, chosen: Sequence[RuleSet], judged: Sequence[Judged]) -> None:
        counts = Counter((rules.name, verdict.outcome) for _, rules, verdict in judged)
        cells = [(one.title, *(counts[one.name, result] for result in Outcome)) for one in chosen]
        self.stdout.write(table(("rule set", *Outcome), cells))
        self.stdout.write(NO_OUTCOMES)


def _names(validator: str | None) -> dict[int, str]:
    rows = Validator.objects.all()
    if validator is not None:
        rows = rows.filter(vote_account=validator)
    names = dict(rows.values_list("pk", "vote_account"))
    if validator is not None and not names:
        problem = f"No fetch ever saw the vote account {shortened(validator)}.{_meant(validator)}"
        raise CommandError(problem, returncode=WRONG_USAGE)
    return names


def _meant(key: str) -> str:
    """The vote accounts of that node, or the nearest one; its letters' case tells keys apart."""
    owned = accounts_of_node(key)
    if owned:
        return f" It is an identity, of {', '.join(owned)}."
    near = get_close_matches(
        key[:PUBKEY_LENGTH], Validator.objects.values_list("vote_account", flat=True), n=1
    )
    return f" Did you mean {near[0]}?" if near else ""


def _document(vote_account: str, rules: RuleSet, verdict: Verdict) -> dict[str, Any]:
    return {
        "vote_account": vote_account,
        "rules": rules.name,
        "rules_version": rules.version,
        "result": verdict.outcome,
        "measured": verdict.measured,
        "findings": [asdict(one) for one in verdict.findings],
    }


def _line(vote_account: str, rules: RuleSet, verdict: Verdict) -> tuple[Any, ...]:
    failing = [one for one in verdict.findings if one.outcome is Outcome.FAILS]
    unknown = [one.rule for one in verdict.findings if one.outcome is Outcome.UNKNOWN]
    return (
        *(vote_account, rules.name, cell_text(rules.version), verdict.outcome, verdict.measured),
        *(" ".join(one.rule for one in failing), " ".join(unknown), verdict.clears_in),
    )
