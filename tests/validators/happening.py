"""Events as services tell them, for the tests of who reads them."""

from datetime import datetime
from typing import Any

from tests.validators.rows import NOON
from validators.models import Validator, ValidatorEvent
from validators.services.events import News, record_events

Kind = ValidatorEvent.Kind

# What one of each kind tells.
FACTS: dict[Kind, dict[str, Any]] = {
    Kind.JOINED: {"returned": False},
    Kind.COMMISSION: {"from": 500, "to": 1_000, "confirmed": False},
    Kind.COMMISSION_CONFIRMED: {"from": None, "to": 1_000},
    Kind.MEV_COMMISSION: {"from": 800, "to": 10_000, "epoch": 990},
    Kind.DELINQUENCY_ENDED: {"fetches": 1, "left": False},
    Kind.IDENTITY: {"from": "a", "to": "b"},
    Kind.ADMISSION_LOST: {"epoch": 992, "reason": ""},
    Kind.ADMISSION_REGAINED: {"epoch": 992},
    Kind.VERSION: {"from": "4.2.1", "to": "4.2.2", "from_client": "", "to_client": "agave"},
    Kind.RANK: {"from": 40, "to": 10, "of": 90, "method": "trust-v3", "version": "1"},
    Kind.BAD_EPOCH: {"epoch": 990, "vote_performance": 0.5},
    Kind.VERDICT: {
        "rules": "jpool",
        "title": "JPool",
        "version": "1",
        "from": "unknown",
        "to": "fails",
        "failing": ["commission"],
        "clears_in": 1021,
    },
}


def happened(of: Validator, *kinds: Kind, at: datetime = NOON) -> None:
    record_events([News(kind, of.pk, FACTS.get(kind, {})) for kind in kinds], epoch=990, at=at)
