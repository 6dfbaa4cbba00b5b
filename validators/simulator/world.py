"""Which chain is simulated: when it began, how long its slots last, when its rules changed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from validators.simulator.clock import FIRST_EPOCH, MIGRATION_SLOT, ORIGIN, SLOTS_PER_EPOCH, Moment

SlotTimes = tuple[tuple[int, int], ...]
"""(epoch from which it is in effect, slot time in milliseconds), in order."""

# Before any of the slot times below.
GENESIS_SLOT_MS = 400
# SIMD-0525: each shorter slot time is switched on by an account of its own.
SLOT_TIME_FEATURES = {
    350: "iBRL5RuWhw4yqaAZu96RUULHckHTZAoe2b77qaV38JZ",
    300: "iBRLL3k18HST852F1Mf3Lv83waTNQmmqvKDxvYGwQFL",
    250: "iBRLMc81UjRa8fn8A6eE8bJTnRbgQoPTynM51akENCV",
    200: "iBRLjhJnkmDZgNoZRDMW11d8ZV7HvsL3vAyRjZB5npW",
}
# Agave's year: 365.242199 days, which makes 78,892,314.984 slots of 400 ms.
MS_PER_YEAR = Fraction(365_242_199, 1_000_000) * 86_400_000

# In a world with Alpenglow what is paid repeats after so many epochs, though keys do not, so that
# the lamports of an account since the migration are known without a walk through all epochs.
SEASON = 32
# Every account that stays was born so many epochs before the first, or earlier.
EPOCHS_OF_PAST = 64


class SlotTimesError(Exception):
    """The table of slot times cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The rules and the calendar of one chain; by default Tower for ever, with slots of 400 ms.

    first_epoch begins at `origin`. It migrates to Alpenglow in the middle of alpenglow_epoch, and
    filters who votes from vat_epoch on (SIMD-0357), at the latest from the epoch after that.
    epoch_seconds is how long an epoch lasts on the wall clock; None is as long as its slots say. From
    patch_epoch on a node that was restarted runs a patch release; None is never.
    """

    first_epoch: int = FIRST_EPOCH
    origin: datetime = ORIGIN
    slot_times: SlotTimes = ()
    alpenglow_epoch: int | None = None
    vat_epoch: int | None = None
    epoch_seconds: float | None = None
    patch_epoch: int | None = None

    def slot_ms(self, epoch: int) -> int:
        """The slot time of an epoch in milliseconds."""
        return next((ms for since, ms in reversed(self.slot_times) if since <= epoch), GENESIS_SLOT_MS)

    def slots_per_year(self, epoch: int) -> Fraction:
        return MS_PER_YEAR / self.slot_ms(epoch)

    def chain_ms(self, epoch: int, slot_index: int = 0) -> int:
        """Milliseconds of the chain's own time from epoch 0 to a slot; an epoch before 0 counts down."""
        whole = 0
        for since, until, ms in self.spans(0):
            epochs = epoch - since if until is None else min(epoch, until) - since
            whole += epochs * SLOTS_PER_EPOCH * ms
            if until is None or epoch < until:
                break
        return whole + slot_index * self.slot_ms(epoch)

    def chain_time(self, moment: Moment) -> int:
        """Unix seconds of the chain's own clock, which is the wall clock's at the origin."""
        passed = self.chain_ms(moment.epoch, moment.slot_index) - self.chain_ms(self.first_epoch)
        return int(self.origin.timestamp()) + passed // 1_000

    def spans(self, epoch: int) -> list[tuple[int, int | None, int]]:
        """(first epoch, epoch of the next span or None, slot time in ms) from an epoch on."""
        starts = [epoch, *(since for since, _ in self.slot_times if since > epoch)]
        return [
            (since, until, self.slot_ms(since))
            for since, until in zip(starts, [*starts[1:], None], strict=True)
        ]

    def pays_lamports(self, moment: Moment) -> bool:
        """Whether Alpenglow has begun."""
        if self.alpenglow_epoch is None:
            return False
        return (moment.epoch, moment.slot_index) >= (self.alpenglow_epoch, MIGRATION_SLOT)

    @property
    def filters_from(self) -> int | None:
        """The first epoch that only admitted accounts vote in; None when everybody may."""
        # At the first slot of the migration's epoch the set of the next one is chosen.
        migrated = None if self.alpenglow_epoch is None else self.alpenglow_epoch + 1
        return min((epoch for epoch in (self.vat_epoch, migrated) if epoch is not None), default=None)

    @property
    def settles_at(self) -> int | None:
        """The epoch from which on what is paid repeats every season; None in Tower for ever."""
        if self.alpenglow_epoch is None:
            return None
        changes = [since for since, _ in self.slot_times] + [self.first_epoch - EPOCHS_OF_PAST + 2]
        return max(self.alpenglow_epoch + 2, (self.filters_from or 0) + 2, *changes)

    def season(self, epoch: int) -> int:
        """The label of what is drawn for an epoch: itself, from the migration on its place in a season."""
        if self.alpenglow_epoch is None or epoch < self.alpenglow_epoch:
            return epoch
        return epoch % SEASON


# Mainnet in November 2026.
MAINNET_TODAY = World(
    first_epoch=1_100,
    origin=datetime(2026, 11, 20, tzinfo=UTC),
    slot_times=((1_020, 350), (1_024, 300), (1_037, 250), (1_072, 200)),
    alpenglow_epoch=1_064,
    vat_epoch=1_006,
)


def parse_slot_times(text: str) -> SlotTimes:
    """Reads `1020:350,1024:300`; an empty text is 400 ms for ever. Raises SlotTimesError."""
    found: list[tuple[int, int]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        epoch, _, ms = part.partition(":")
        if not (epoch.isascii() and epoch.isdigit() and ms.isascii() and ms.isdigit()):
            raise SlotTimesError(f"Slot time {part!r} is not an epoch and milliseconds, as in 1020:350")
        if int(ms) not in SLOT_TIME_FEATURES:
            raise SlotTimesError(
                f"Slot time {part!r} is not one of {', '.join(map(str, SLOT_TIME_FEATURES))} ms"
            )
        # The smallest wins on chain, so that a longer one can never follow.
        if found and (int(epoch) <= found[-1][0] or int(ms) >= found[-1][1]):
            raise SlotTimesError(f"Slot time {part!r} must come later and be shorter than the one before it")
        found.append((int(epoch), int(ms)))
    return tuple(found)
