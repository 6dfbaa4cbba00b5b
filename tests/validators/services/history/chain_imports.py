"""Four validators with a history on the chain, and an import of it: for the tests of what it brings."""

import io
import json
from typing import Any

from django.core.management import call_command

from tests.validators import replies
from tests.validators.chain_histories import HistoriesEndpoint
from tests.validators.rows import fetch
from validators.models import ValidatorEpoch

RUNNING = replies.EPOCH
VOTES = [replies.key(f"vote {number}") for number in range(4)]


def looked_at(node: HistoriesEndpoint, epoch: int = RUNNING, **fields: Any) -> None:
    node.epoch_infos[0] = replies.epoch_info(epoch, 200_000)
    fetch(epoch=epoch, absolute_slot=node.slot - 10, slot_index=199_990, **fields)


def rows(vote: str = VOTES[0]) -> dict[int, ValidatorEpoch]:
    return {row.epoch: row for row in ValidatorEpoch.objects.filter(validator__vote_account=vote)}


def command(*words: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_history", *words, "--json", stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document
