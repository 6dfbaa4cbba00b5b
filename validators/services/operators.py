"""Storing whose validators are one operator's, with the evidence."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from validators.models import Validator
from validators.models.marks import Writer, marks_beside
from validators.services import bulk
from validators.services.digests import digest
from validators.services.sources import Source
from validators.solana.operators import Evidence, Running, operators

# Of those who share something, so many others are named; all of them are counted.
MOST_NAMED: Final = 20
# Where the fields of Running are stored.
_COLUMNS: Final = (
    *("vote_account", "identity", "vote_state__withdrawer", "vote_state__inflation_collector"),
    *("vote_state__block_collector", "name", "address"),
)
_FIELDS: Final = ("operator", "operator_evidence")
# Writers whose marks are passed over: they write nothing that tells of operators. Others may.
_OF_OTHER_THINGS: Final = (
    *(Writer.SCORES, Writer.REFITS, Writer.VERDICTS),
    *(Source.PRODUCTION, Source.CLUSTER, Source.INFLATION, Source.MEV),
    *(Source.POOLS, Source.POOL_SEARCH, Source.STAKES),
)
# The digest of rows that this process found to be as their evidence says. It is this process's own, so
# that what another release, or somebody with SQL, made of them is looked at again.
_found_right: list[bytes] = []


@dataclass(frozen=True, slots=True)
class Marking:
    """Who runs whom, beside what was stored: `changed` are rows of `_FIELDS` and the key.

    `looked_at` is the digest of all that it was told by.
    """

    marks: Mapping[str, int]
    looked_at: bytes
    changed: bulk.Rows

    @property
    def is_current(self) -> bool:
        """Nobody wrote since what this was told by. Ask inside the transaction that rests on it."""
        return self.marks == evidence_marks()


def evidence_marks() -> Mapping[str, int]:
    """Where those stand who write what tells of operators. Ask before reading anything of it."""
    return marks_beside(_OF_OTHER_THINGS)


def compared_operators(
    marks: Mapping[str, int], first: str = "name", said: Mapping[str, Sequence[str]] | None = None
) -> Marking:
    """Who runs whom once what is said is stored: by vote account, the fields of Running from `first` on.

    `marks` are those from before anything was read that `said` rests on. Before the transaction that stores
    it, for others wait while that is open; what was found right before is only read.
    """
    columns = (*_COLUMNS, "pk", "activated_stake", *_FIELDS)
    stored = bulk.read_rows(Validator.objects.present().order_by("pk").values_list(*columns))
    rows = _with(Running._fields.index(first), said or {}, stored)
    looked_at = digest(rows)
    if looked_at in _found_right:
        return Marking(marks, looked_at, ())
    return Marking(marks, looked_at, _changed(rows))


def mark_operators(found: Marking) -> None:
    """Beside everybody who runs it. Call inside the transaction, after what changes what that is told by."""
    if not found.is_current:
        found = compared_operators(evidence_marks())
    bulk.update_rows(Validator, fields=_FIELDS, rows=found.changed, constants={})
    if not found.changed:
        _found_right[:] = [found.looked_at]


def _with(first: int, said: Mapping[str, Sequence[str]], stored: bulk.Rows) -> bulk.Rows:
    """The rows with what is `said` in place of what is stored, from that column on."""
    rows = []
    for row in stored:
        now = said.get(row[0])
        if now is not None and tuple(now) != row[first : first + len(now)]:
            rows.append((*row[:first], *now, *row[first + len(now) :]))
        else:
            rows.append(row)
    return rows


def _changed(rows: bulk.Rows) -> list[tuple[Any, ...]]:
    found = operators(Running(*(word or "" for word in row[: len(_COLUMNS)])) for row in rows)
    evidence = found.evidence_by_account()
    stakes = {row[0]: row[len(_COLUMNS) + 1] for row in rows}
    changed = []
    for row in rows:
        account, (key, _, *stored) = row[0], row[len(_COLUMNS) :]
        now = [found.by_account[account] or "", list(_told(account, evidence.get(account, ()), stakes))]
        if now != [stored[0], json.loads(stored[1])]:
            changed.append((now[0], json.dumps(now[1]), key))
    return changed


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
