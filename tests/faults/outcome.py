"""What came of a storm, in a few lines."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from tests.faults.checker import Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a storm did and what came of it."""

    seed: int
    database: str
    faults: Counter[str]
    evidence: Evidence
    complaints: list[str]

    @property
    def latenesses(self) -> list[float]:
        """Seconds from each occurrence to its first start, in order of size."""
        first: dict[tuple[str, datetime], float] = {}
        for effect in self.evidence.effects:
            if effect.what == "began" and effect.occurrence:
                late = (effect.clock - effect.occurrence).total_seconds()
                first.setdefault((effect.job, effect.occurrence), late)
        return sorted(first.values())

    def __str__(self) -> str:
        late = self.latenesses
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        ended = Counter(record.state for record in self.evidence.records)
        states = ", ".join(f"{count} {state}" for state, count in sorted(ended.items()))
        missed = sum(record.missed_before for record in self.evidence.records)
        attempts = sum(effect.what == "began" for effect in self.evidence.effects)
        return (
            f"{self.database}, seed {self.seed}: {self.faults.total()} faults ({faults}).\n"
            f"  {ended.total()} occurrences recorded ({states}), {missed} more counted as missed; "
            f"{attempts} attempts began.\n"
            f"  Start after occurrence: p50 {late[len(late) // 2]:.3f} s, "
            f"p95 {late[int(len(late) * 0.95)]:.3f} s, max {late[-1]:.3f} s.\n"
            f"  Broken promises: {len(self.complaints)}"
        )
