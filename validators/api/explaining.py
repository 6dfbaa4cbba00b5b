"""What is told of validators beside their own columns, of all of them in a fixed number of queries."""

from collections.abc import Sequence
from typing import Any, Final

from validators.api import epoch_rows, rows
from validators.api.pool_documents import pool_stake_document
from validators.api.several import Included
from validators.models import ScoringRun
from validators.reading.explanations import explained, risk_told, verdict
from validators.reading.flags import flags_of, told_then
from validators.reading.histories import newest_epochs
from validators.reading.plain_rows import Columns
from validators.reading.stake_pools import pool_shares
from validators.scoring.facts import Part
from validators.services.settled_past import Span, spans_of

_NOTHING: Final = Span()


def explained_documents(
    found: Columns, run: ScoringRun | None, *, asked: Included, until: int | None = None
) -> dict[str, Sequence[Any]]:
    """The fields of the documents of rows of validators, in their order; `until` an epoch, as it left them.

    For parts and risk the rows hold the `components` of the run. Twelve queries at most.
    """
    keys = found["pk"]
    spans = spans_of(keys, until=until)
    flags = flags_of(found, until=until)
    told = rows.validator_documents(found)
    if until is not None:
        of_all = zip(found["commission_flags"], flags, strict=True)
        told["commission_flags"] = [told_then(*of_one) for of_one in of_all]
    told["flags"] = [list(map(rows.flag_document, of_one)) for of_one in flags]
    known = [spans.get(key, _NOTHING) for key in keys]
    told["first_epoch"] = [span.first_epoch for span in known]
    told["epochs_known"] = [span.epochs_known for span in known]
    if asked.epochs:
        epochs = newest_epochs(keys, number=asked.epochs, until=until)
        told["epochs"] = [list(map(epoch_rows.epoch_document, epochs.get(key, ()))) for key in keys]
    if asked.pools:
        pools = pool_shares(dict(zip(keys, found["activated_stake"], strict=True)), epoch=until)
        told["pools"] = [list(map(pool_stake_document, pools.get(key, ()))) for key in keys]
    return told | (_of_scores(found, run, asked) if asked.parts or asked.risk else {})


def _of_scores(found: Columns, run: ScoringRun | None, asked: Included) -> dict[str, list[Any]]:
    parts = [explained(run, components) for components in found["components"]]
    told: dict[str, list[Any]] = {}
    if asked.parts:
        told["parts"] = [list(map(rows.part_document, of_one)) for of_one in parts]
    if asked.risk:
        scores = zip(found["score"], found["components"], parts, strict=True)
        told["risk_explained"] = [_risk_explained(run, *score) for score in scores]
    return told


def _risk_explained(
    run: ScoringRun | None, score: float | None, components: Any, parts: Sequence[Part]
) -> dict[str, Any] | None:
    risk = risk_told(components)
    return rows.risk_document(risk, verdict(run, score, components, parts)) if risk else None
