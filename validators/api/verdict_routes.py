"""Rule sets, and what they say of validators."""

from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import AfterValidator, Field

from scheduling.api.errors import Problem
from scheduling.api.replies import Format, json_reply, list_reply
from scheduling.api.unknown import there_is_no
from validators.api import pages
from validators.api import verdict_documents as documents
from validators.api.answers import answer
from validators.api.details import known_validator
from validators.api.parameters import Formatted, Page, VoteAccount
from validators.models import RuleVerdict
from validators.reading.picture import envelope
from validators.reading.verdicts import (
    ToldFinding,
    ToldSet,
    ToldVerdict,
    refused_files,
    told,
    told_sets,
    verdict_rows,
    verdicts_of,
)
from validators.rules.findings import Outcome
from validators.rules.schema import ElsewhereRule, Rule, RuleSet
from validators.services.verdicts.rule_sets import rule_sets

router = Router(tags=["verdicts"])

_RESULTS: Final = tuple(Outcome)


def _known_rules(name: str) -> str:
    if name and name not in rule_sets().sets:
        raise ValueError(there_is_no(name, list(rule_sets().sets), kind="rule set"))
    return name


def _known_result(name: str) -> str:
    if name and name not in _RESULTS:
        raise ValueError(there_is_no(name, _RESULTS, kind="result"))
    return name


class VerdictQuery(Page):
    """Which verdicts."""

    rules: Annotated[str, AfterValidator(_known_rules)] = Field(
        "",
        max_length=40,
        description="Of this rule set alone, as `/api/v1/rules` names it; empty for all",
        examples=["jitosol-steward"],
    )
    result: Annotated[str, AfterValidator(_known_result)] = Field(
        "", max_length=8, description="Those of this result alone; empty for all", examples=["fails"]
    )


@router.get("/rules", response=documents.RuleSetList)
def list_rules(request: HttpRequest) -> HttpResponse:
    """The rule sets of those who delegate: what they ask, where that is written, and how many meet it.

    What no endpoint can tell is a rule too, marked `elsewhere`; so `unknown` is the honest answer of most.
    """

    def build(form: Format) -> HttpResponse:
        items = [_set_document(one) for one in told_sets()]
        return json_reply({**envelope(), "items": items, "refused": list(refused_files())})

    return answer(request, "json", build)


@router.get("/validators/{vote_account}/verdicts", response={200: documents.ValidatorVerdicts, 404: Problem})
def list_validator_verdicts(
    request: HttpRequest, vote_account: VoteAccount, query: Query[Formatted]
) -> HttpResponse:
    """Would they take it? What each rule set says of one validator.

    Which rules it fails, by which epoch, and in which epoch that leaves the window; which are not known, and
    why. `result` takes all rules; `measured` those alone that can be looked at.
    """

    def build(form: Format) -> HttpResponse:
        found = verdicts_of(known_validator(vote_account))
        about = {**envelope(), "vote_account": vote_account}
        columns = list(documents.VerdictDocument.model_fields)
        written = map(_document, found)
        return list_reply(request, written, columns=columns, form=form, about=about, next_cursor=None)

    return answer(request, query.format, build)


@router.get("/verdicts", response={200: documents.VerdictList, 400: Problem})
def list_verdicts(request: HttpRequest, query: Query[VerdictQuery]) -> HttpResponse:
    """The verdicts on everybody present, in lines; by rule set and result.

    The reasons in full are at `/api/v1/validators/{vote_account}/verdicts`.
    """

    def build(form: Format) -> HttpResponse:
        rows = verdict_rows(rules=query.rules, result=query.result, behind=pages.key_of(query))
        found, sets = list(rows.order_by("-pk")[: query.limit + 1]), rule_sets().sets
        listing = pages.Listing(
            shape=documents.VerdictRow, document=lambda row: _row(row, sets.get(row.rules)), key="pk"
        )
        return pages.page(request, query, form, found, listing=listing, about=envelope())

    return answer(request, query.format, build)


def _set_document(told_set: ToldSet) -> dict[str, Any]:
    rules = told_set.rules
    return {
        "rules": rules.name,
        "title": rules.title,
        "rules_version": rules.version,
        "read_on": rules.read_on,
        "decides": rules.decides,
        "decision": rules.decision,
        "notes": rules.notes,
        "items": [_rule_document(rules, rule) for rule in rules.rules],
        **{result.value: told_set.counts.get(result.value, 0) for result in Outcome},
        "meet_measured": told_set.meet_measured,
    }


def _rule_document(rules: RuleSet, rule: Rule) -> dict[str, Any]:
    source = rules.source_of(rule)
    return {
        "name": rule.name,
        "said": rule.said,
        "elsewhere": isinstance(rule, ElsewhereRule),
        "doubt": rule.why_in_doubt,
        "source": source.url if source else None,
        "source_of": source.of if source else None,
    }


def _document(verdict: ToldVerdict) -> dict[str, Any]:
    return {
        "vote_account": verdict.validator.vote_account,
        "name": verdict.validator.name or None,
        "rules": verdict.rules,
        "title": verdict.title,
        "rules_version": verdict.rules_version,
        "result": verdict.result,
        "measured": verdict.measured,
        "since_epoch": verdict.since_epoch,
        "clears_in": verdict.clears_in,
        "sentence": verdict.sentence,
        "failing": list(map(_finding, verdict.failing)),
        "unknown": list(map(_finding, verdict.unknown)),
        "passing": list(verdict.passing),
    }


def _finding(finding: ToldFinding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in documents.FindingDocument.model_fields}


def _row(row: RuleVerdict, rules: RuleSet | None) -> dict[str, Any]:
    verdict = told(row, row.validator, rules)
    return {
        "vote_account": row.validator.vote_account,
        "name": row.validator.name or None,
        "rules": row.rules,
        "rules_version": row.rules_version,
        "result": row.result,
        "measured": row.measured,
        "failing": " ".join(one.rule for one in verdict.failing),
        "epoch": max((one.epoch for one in verdict.failing if one.epoch is not None), default=None),
        "clears_in": verdict.clears_in,
        "since_epoch": row.since_epoch,
        "sentence": verdict.sentence,
    }
