"""What the watchers of this app read, as JSON documents."""

from typing import Any

from scheduling.ledger.presentation import iso
from scheduling.monitoring.readiness import Readiness


def readiness_document(found: Readiness) -> dict[str, Any]:
    return {
        "at": iso(found.at),
        "ready": found.ready,
        "checks": {
            finding.check: {"ok": not finding.problem, "problem": finding.problem or None}
            for finding in found.findings
        },
    }
