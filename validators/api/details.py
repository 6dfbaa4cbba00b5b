"""One validator in full."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpResponse

from scheduling.api.errors import ApiError
from scheduling.api.replies import json_reply
from validators.api import rows
from validators.api.evidence_documents import EvidenceDocument
from validators.api.explaining import explained_documents
from validators.api.pages import scored_envelope
from validators.api.parameters import DetailQuery
from validators.api.several import included
from validators.api.validator_lists import COLUMNS
from validators.models import Validator
from validators.reading.admission import operator_of
from validators.reading.flags import OF_COMMISSION
from validators.reading.histories import events_of
from validators.reading.picture import current_picture
from validators.reading.plain_rows import columns_of
from validators.reading.standings import standings, with_risk


def validator_reply(vote_account: str, query: DetailQuery) -> HttpResponse:
    picture, validator = current_picture(query.method), known_validator(vote_account)
    everybody = with_risk(standings(picture, narrowing=None))
    row = everybody.values(*COLUMNS, "components").get(pk=validator.pk)
    found = explained_documents(columns_of([row], row), picture.scoring_run, asked=included(query.include))
    document = {name: values[0] for name, values in found.items()}
    detail = {**document, **_beside(validator, document["flags"])}
    return json_reply({**scored_envelope(picture), "validator": detail})


def _beside(validator: Validator, flags: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the list does not tell."""
    operator, events = operator_of(validator), events_of(validator.pk)
    return {
        "commission_marks": _mark_documents(flags),
        "vote_state": None if operator is None else rows.vote_state_document(operator),
        "operator_evidence": [
            {name: one[name] for name in EvidenceDocument.model_fields} for one in validator.operator_evidence
        ],
        "details": validator.details or None,
        "keybase": validator.keybase or None,
        "incidents": list(map(rows.incident_document, events.incidents)),
        "commission_changes": list(map(rows.change_document, events.commission_changes)),
    }


def _mark_documents(flags: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of documents of flags the dated ones of commissions, newest first, as older callers know them."""
    marks = [
        {
            "flag": _TOLD[flag["code"]],
            "epoch": flag["epoch"],
            "since_epoch": flag["since_epoch"],
            "from_commission": flag["from"],
            "to_commission": flag["to"],
        }
        for flag in flags
        if flag["code"] in _TOLD and flag["epoch"] is not None
    ]
    return sorted(marks, key=lambda mark: (-mark["epoch"], mark["flag"]))


_TOLD: Final = {code.value: flag.value for flag, code in OF_COMMISSION.items()}


def known_validator(vote_account: str) -> Validator:
    """Raises `ApiError` for one that there never was, and says so where it is a node's key."""
    validator = Validator.objects.of_account(vote_account)
    if validator is not None:
        return validator
    detail = f"No fetch ever saw the vote account {vote_account}."
    if owned := Validator.objects.accounts_of(vote_account):
        detail += f" It is the identity of {', '.join(owned)}."
    raise ApiError(404, code="unknown_validator", detail=detail)
