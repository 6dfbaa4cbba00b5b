"""Says in the log when the verdict changes: who asks for it asks every few seconds."""

import logging
import threading

from scheduling.monitoring.readiness import UNKNOWN, Readiness

logger = logging.getLogger(__name__)


class VerdictLog:
    """Of one process, whose threads all come here. Checks are compared by name: their words count seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failing: list[str] = []

    def note(self, found: Readiness) -> None:
        """Say it once if other checks fail than at the last time, or none does any more."""
        problems = {
            finding.check: finding.problem
            for finding in found.findings
            if finding.problem and not finding.problem.startswith(UNKNOWN)
        }
        with self._lock:
            has_changed, self._failing = self._failing != list(problems), list(problems)
        if has_changed and problems:
            logger.warning("Not ready. %s", " ".join(f"{check}: {why}" for check, why in problems.items()))
        elif has_changed:
            logger.info("Ready again.")
