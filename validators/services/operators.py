"""Storing whose validators are one operator's, with the evidence."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from validators.models import Validator
from validators.services import bulk
from validators.solana.operators import Evidence, Running, operators

# Of those who share something, so many others are named; all of them are counted.
MOST_NAMED: Final = 20
_COLUMNS: Final = (
    *("vote_account", "identity", "vote_state__withdrawer", "vote_state__inflation_collector"),
    *("vote_state__block_collector", "name", "address"),
)


class _Row(NamedTuple):
    running: Running
    pk: int
    stake: int
    operator: str
    evidence: list[dict[str, Any]]


def mark_operators() -> None:
    """Beside everybody who runs it. Call inside the transaction that changes what that is told by."""
    present = Validator.objects.present()
    columns = (*_COLUMNS, "pk", "activated_stake", "operator", "operator_evidence")
    rows = [
        _Row(Running(*(word or "" for word in row[: len(_COLUMNS)])), *row[len(_COLUMNS) :])
        for row in present.values_list(*columns)
    ]
    found = operators(row.running for row in rows)
    evidence = found.evidence_by_account()
    stakes = {row.running.vote_account: row.stake for row in rows}
    changed = []
    for row in rows:
        account = row.running.vote_account
        now = found.by_account[account] or "", list(_told(account, evidence.get(account, ()), stakes))
        if now != (row.operator, row.evidence):
            changed.append((now[0], json.dumps(now[1]), row.pk))
    bulk.update_rows(Validator, fields=("operator", "operator_evidence"), rows=changed, constants={})


def _told(account: str, evidence: Iterable[Evidence], stakes: Mapping[str, int]) -> Iterable[dict[str, Any]]:
    """As it is stored: the strong first, and of the others who share it those with the most stake."""
    for one in sorted(evidence, key=lambda one: (one.strength, one.common, one.shared)):
        others = [other for other in one.vote_accounts if other != account]
        yield {
            "common": one.common.value,
            "strength": one.strength.value,
            "shared": one.shared,
            "others": len(others),
            "vote_accounts": sorted(others, key=lambda key: (-stakes[key], key))[:MOST_NAMED],
        }
