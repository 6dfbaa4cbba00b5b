"""A small chain that pays slot by slot, as agave does: the truth that the project's formulas are judged by.

Nothing here knows a formula of ours, nor of the simulated cluster: each slot has a leader and voters, each
block pays its leader and those whose votes it carries, and the truth is what was paid.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.validators import raw_accounts, replies
from validators.solana.features import (
    ADMISSION_FEATURE,
    ALPENGLOW_FEATURE,
    CLOCK,
    EPOCH_REWARDS,
    SLOT_TIME_FEATURES,
    STAKE_HISTORY,
)

SLOTS = 3_200
SOL = 1_000_000_000
SUPPLY = 615_000_000 * SOL
INFLATION = 0.0385
FIRST_EPOCH = 1_050
STARTED = 1_790_000_000
MARK = (2**64 - 1,) * 3
# agave: slots per year at each slot time.
YEAR = {
    400: 78_892_314.984,
    350: 90_162_645.696,
    300: 105_189_753.312,
    250: 126_227_703.974,
    200: 157_784_629.968,
}
CARRIED_AFTER = 8


@dataclass
class Voter:
    """`attendance` is the share of slots it votes in; `stakes` lamports by epoch."""

    name: int
    stakes: dict[int, int]
    attendance: float = 1.0
    skips: float = 0.02
    commissions: dict[int, int] = field(default_factory=dict)
    balance: int = 100 * SOL
    has_key: bool = True
    # By epoch: vote credits and lamports.
    credits: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    lamports: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    voted: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def vote_account(self) -> str:
        return replies.key(f"vote {self.name}")

    @property
    def identity(self) -> str:
        return replies.key(f"node {self.name}")

    def commission(self, epoch: int) -> int:
        """Basis points in force at the end of an epoch."""
        known = [since for since in self.commissions if since <= epoch]
        return self.commissions[max(known)] if known else 500


class SlotChain:
    """Epochs from FIRST_EPOCH on; votes leave the chain in the middle of `migration`."""

    def __init__(
        self, voters: list[Voter], *, slot_times: dict[int, int], migration: int, last: int, seed: int = 5
    ) -> None:
        self.voters, self.slot_times, self.migration = voters, slot_times, migration
        self.random = random.Random(seed)
        self.blocks: defaultdict[int, list[str | None]] = defaultdict(list)
        self.leaders: dict[int, list[str]] = {}
        self.carried: list[list[int]] = [[]] * CARRIED_AFTER
        self.epoch, self.index = last, SLOTS - 1
        # What was earned up to each tenth of an epoch, for looks within it.
        self.marks: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for epoch in range(FIRST_EPOCH, last + 1):
            self._play(epoch)

    def ms(self, epoch: int) -> int:
        return min([400, *(ms for since, ms in self.slot_times.items() if since <= epoch)])

    def seconds(self, epoch: int) -> float:
        return SLOTS * self.ms(epoch) / 1000

    def _play(self, epoch: int) -> None:
        stakes = [one.stakes[epoch - 1] for one in self.voters]
        total = sum(stakes)
        pool = SUPPLY * INFLATION * SLOTS / YEAR[self.ms(epoch)]
        runs = self.random.choices(self.voters, weights=stakes, k=SLOTS // 4)
        leaders = [leader for leader in runs for _ in range(4)]
        self.leaders[epoch] = [leader.identity for leader in leaders]
        shares = [int(pool / SLOTS * stake / total) for stake in stakes]
        made = [self.random.random() >= leader.skips for leader in leaders]
        # A block carries the votes of some slots before, also of the epoch before.
        of_leaders = [share - share // 2 for share in shares]
        steady = [number for number, one in enumerate(self.voters) if one.attendance >= 1]
        lazy = [(number, one.attendance) for number, one in enumerate(self.voters) if one.attendance < 1]
        votes, carried = self.carried, Counter[int]()
        for slot in range(SLOTS):
            if slot % (SLOTS // 10) == 0:
                self._pay(carried, epoch, slot - 1, shares)
                self._mark(epoch, slot * 10 // SLOTS)
            self.blocks[epoch].append(leaders[slot].identity if made[slot] else None)
            votes.append(steady + [number for number, part in lazy if self.random.random() < part])
            if made[slot]:
                carried.update(votes[slot])
                if self._off_chain(epoch, slot):
                    leaders[slot].lamports[epoch] += sum(map(of_leaders.__getitem__, votes[slot]))
        self._pay(carried, epoch, SLOTS - 1, shares)
        self.carried = votes[SLOTS:]

    def _off_chain(self, epoch: int, slot: int) -> bool:
        return epoch > self.migration or (epoch == self.migration and slot >= SLOTS // 2)

    def _pay(self, carried: Counter[int], epoch: int, slot: int, shares: list[int]) -> None:
        """Whose votes were carried in this tenth; votes leave the chain between two of them."""
        for number, votes in carried.items():
            voter = self.voters[number]
            voter.voted[epoch] += votes
            if self._off_chain(epoch, slot):
                voter.lamports[epoch] += votes * (shares[number] // 2)
            else:
                voter.credits[epoch] += votes * 16
        carried.clear()

    def _mark(self, epoch: int, tenth: int) -> None:
        self.marks[epoch, tenth] = [(one.credits[epoch], one.lamports[epoch]) for one in self.voters]

    # What a node of this chain answers, looking at it `tenth` tenths into the running epoch.

    def look(self, epoch: int, tenth: int) -> None:
        self.epoch, self.index = epoch, SLOTS * tenth // 10

    def start(self, epoch: int) -> float:
        return STARTED + sum(self.seconds(past) for past in range(FIRST_EPOCH, epoch))

    def _tuples(self, number: int, most: int) -> list[tuple[int, int, int]]:
        voter, found, total = self.voters[number], [], 1_000
        for epoch in range(FIRST_EPOCH, self.epoch + 1):
            credits, lamports = voter.credits[epoch], voter.lamports[epoch]
            if epoch == self.epoch:
                credits, lamports = self.marks[epoch, self.index * 10 // SLOTS][number]
            if credits:
                found.append((epoch, total + credits, total))
            if lamports:
                if MARK not in found and any(voter.credits.values()):
                    found.append(MARK)
                found.append((epoch, total + credits + lamports, total + credits))
            total += credits + lamports
        return found[-most:]

    def answer(self, method: str, params: list[Any]) -> Any:
        return getattr(self, f"_{method}")(*params)

    def _getEpochInfo(self, *_: Any) -> Any:
        return replies.epoch_info(self.epoch, self.index, SLOTS)

    def _getVoteAccounts(self, *_: Any) -> Any:
        slot = self.epoch * SLOTS + self.index
        rows = [
            replies.account(
                one.name,
                activatedStake=one.stakes[self.epoch],
                commission=one.commission(self.epoch) // 100,
                inflationRewardsCommissionBps=one.commission(self.epoch),
                epochCredits=self._tuples(number, 5),
                lastVote=slot - 1,
                rootSlot=slot - 32,
            )
            for number, one in enumerate(self.voters)
        ]
        return {"current": rows, "delinquent": []}

    def _getBlockProduction(self, options: Any = None) -> Any:
        wanted = (options or {}).get("range") or {"firstSlot": self.epoch * SLOTS}
        first = wanted["firstSlot"]
        last = wanted.get("lastSlot", self.epoch * SLOTS + self.index - 1)
        counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for slot in range(first, last + 1):
            epoch, index = divmod(slot, SLOTS)
            counted[self.leaders[epoch][index]][0] += 1
            counted[self.leaders[epoch][index]][1] += self.blocks[epoch][index] is not None
        slots = {"firstSlot": first, "lastSlot": last}
        return {"context": {"slot": last}, "value": {"byIdentity": counted, "range": slots}}

    def _getMultipleAccounts(self, keys: list[str], *_: Any) -> Any:
        known = self._accounts()
        slot = self.epoch * SLOTS + self.index
        return {"context": {"slot": slot}, "value": [known.get(key) for key in keys]}

    def _accounts(self) -> dict[str, Any]:
        start = int(self.start(self.epoch))
        now = start + int(self.index * self.ms(self.epoch) / 1000)
        features = {address: self._since(ms) for address, ms in SLOT_TIME_FEATURES.items()}
        features |= {ALPENGLOW_FEATURE: self.migration, ADMISSION_FEATURE: FIRST_EPOCH}
        clock = raw_accounts.clock(self.epoch * SLOTS + self.index, start, self.epoch, now)
        found = {
            address: raw_accounts.sent_feature(epoch * SLOTS)
            for address, epoch in features.items()
            if epoch is not None and epoch <= self.epoch
        }
        found |= {
            CLOCK: raw_accounts.sent_sysvar(clock),
            EPOCH_REWARDS: raw_accounts.sent_sysvar(raw_accounts.epoch_rewards(0, 0, 0)),
            STAKE_HISTORY: raw_accounts.sent_sysvar(raw_accounts.stake_history([])),
        }
        for number, one in enumerate(self.voters):
            data = raw_accounts.vote_v4(
                one.name,
                bps=one.commission(self.epoch),
                bls=b"\7" * 48 if one.has_key else None,
                credits=self._tuples(number, 64),
            )
            found[one.vote_account] = raw_accounts.sent(data, lamports=one.balance)
        return found

    def _since(self, ms: int) -> int | None:
        """The epoch in which the feature of a slot time was activated: the one before it took effect."""
        return next((epoch - 1 for epoch, its in self.slot_times.items() if its == ms), None)

    def _getAgGenesisCert(self, *_: Any) -> Any:
        return {"slot": 1} if self.epoch > self.migration else None

    def _getMinimumBalanceForRentExemption(self, *_: Any) -> Any:
        return raw_accounts.RENT

    def _getGenesisHash(self, *_: Any) -> Any:
        return replies.key("slot chain")

    def _getInflationRate(self, *_: Any) -> Any:
        return replies.inflation_rate(self.epoch, INFLATION)

    def _getSupply(self, *_: Any) -> Any:
        return replies.supply(SUPPLY)
