"""What the tables hold of the present, read once: a look is judged by it, and compared with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from validators.models import Fetch
from validators.models.marks import Writer, marks_beside
from validators.services.running_epoch import StoredRunning, running_rows
from validators.services.sources import Source
from validators.services.stored import StoredValidator, stored_validators

# Writers whose marks are passed over: they write nothing that a fetch is compared with. Others may.
_OF_OTHER_THINGS: Final = (
    *(Writer.SCORES, Writer.REFITS, Writer.VERDICTS),
    *(Source.NAMES, Source.INFLATION, Source.MEV, Source.POOLS, Source.POOL_SEARCH, Source.STAKES),
)


@dataclass(frozen=True, slots=True)
class Present:
    """Every validator that was ever seen, by vote account, and the rows of the epoch that ran at the
    newest fetch, by validator's key; as they stood at these `marks`."""

    marks: Mapping[str, int]
    newest: Fetch | None
    validators: Mapping[str, StoredValidator]
    running: Mapping[int, StoredRunning]

    @property
    def is_current(self) -> bool:
        """Nobody wrote since. By its fetch an older program is noticed too, which leaves no marks."""
        return self.marks == present_marks() and self.newest == Fetch.objects.newest()

    def running_in(self, epoch: int) -> Mapping[int, StoredRunning]:
        if self.newest is not None and self.newest.epoch == epoch:
            return self.running
        return running_rows(epoch)


def present_marks() -> dict[str, int]:
    return marks_beside(_OF_OTHER_THINGS)


def read_present() -> Present:
    # The marks first: what is written while the rest is read then shows.
    marks, newest = present_marks(), Fetch.objects.newest()
    validators, running = stored_validators(newest), running_rows(newest.epoch) if newest else {}
    return Present(marks, newest, validators, running)
