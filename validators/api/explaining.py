"""What is told of validators beside their own columns, of all of them in a fixed number of queries."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from validators.api import epoch_rows, rows
from validators.api.pool_documents import pool_stake_document
from validators.api.several import Included
from validators.models import ScoringRun
from validators.reading.explanations import explained, risk_told, verdict
from validators.reading.flags import flags_of, told_then
from validators.reading.histories import newest_epochs
from validators.reading.stake_pools import pool_shares
from validators.services.settled_past import Span, spans_of

_NOTHING: Final = Span()


def explained_documents(
    found: Sequence[Mapping[str, Any]],
    run: ScoringRun | None,
    *,
    asked: Included,
    until: int | None = None,
) -> Iterator[dict[str, Any]]:
    """Of rows of validators, in their order; `until` an epoch, as it left them.

    For parts and risk the rows hold the `components` of the run. Twelve queries at most.
    """
    keys = [row["pk"] for row in found]
    spans = spans_of(keys, until=until)
    flags = flags_of(found, until=until)
    epochs = newest_epochs(keys, number=asked.epochs, until=until) if asked.epochs else {}
    stakes = {row["pk"]: row["activated_stake"] for row in found}
    pools = pool_shares(stakes, epoch=until) if asked.pools else {}
    for row in found:
        document = rows.validator_document(row)
        if until is not None:
            document["commission_flags"] = told_then(row["commission_flags"], flags[row["pk"]])
        told = flags[row["pk"]]
        document["flags"] = list(map(rows.flag_document, told)) if told else []
        document["first_epoch"], document["epochs_known"], _ = spans.get(row["pk"], _NOTHING)
        if asked.epochs:
            document["epochs"] = list(map(epoch_rows.epoch_document, epochs.get(row["pk"], ())))
        if asked.pools:
            document["pools"] = list(map(pool_stake_document, pools.get(row["pk"], ())))
        if asked.parts or asked.risk:
            document |= _of_score(row, run, asked)
        yield document


def _of_score(row: Mapping[str, Any], run: ScoringRun | None, asked: Included) -> dict[str, Any]:
    components = row["components"]
    parts = explained(run, components)
    told: dict[str, Any] = {}
    if asked.parts:
        told["parts"] = list(map(rows.part_document, parts))
    if asked.risk:
        risk = risk_told(components)
        sentence = verdict(run, row["score"], components, parts)
        told["risk_explained"] = rows.risk_document(risk, sentence) if risk else None
    return told
