"""What a snapshot changes in the tables, worked out while others may still write.

On SQLite one writer at a time is let in, and whatever is done in its transaction everybody waits for. So what
is stored is read and compared before, and loaded beside the tables; within, one question tells whether it
still is what was read.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Final

from validators.models import Fetch, Validator
from validators.services import bulk
from validators.services.cluster_epochs import running_mean
from validators.services.epochs import EpochChanges, compared_epochs
from validators.services.present import Present, present_marks, read_present
from validators.services.stored import STANDING, Moved, StoredValidator
from validators.solana.concentration import superminority
from validators.solana.means import CreditMean
from validators.solana.schemas import VoteAccount
from validators.solana.snapshot import AccountState, Snapshot
from validators.solana.standing import NOTHING_KNOWN, Stake, Standing, standing_of

# What every fetch shows anew; most validators' rows change in nothing else.
_MOVING: Final = ("last_vote", "root_slot")
STATES: Final = (*STANDING, *_MOVING)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A snapshot beside what was stored when it came. Validators are primary keys; those of newcomers, who
    have none yet, are negative here.

    `came` are the rows of those never seen before, `joined` the vote accounts of all who were not there at
    the fetch before, `moved` whose standing is another, `left` who is no longer sent. `steady` rows get what
    every fetch shows anew, `changed` ones all of STATES; `session` is the connection that has them loaded.
    """

    marks: Mapping[str, int]
    session: object
    previous: Fetch | None
    stored: Mapping[str, StoredValidator]
    keys: Mapping[str, int]
    came: Sequence[tuple[Any, ...]]
    joined: Sequence[str]
    moved: Moved
    left: Sequence[int]
    steady: bulk.Staged
    changed: bulk.Staged
    epochs: EpochChanges
    standing: Standing
    mean: CreditMean

    @property
    def is_current(self) -> bool:
        """Nobody wrote since what this was compared with. Ask inside the transaction that rests on it.

        Whose connection is another by now has lost what was loaded beside the tables.
        """
        return self.session is bulk.session() and self.marks == present_marks()


@dataclass(slots=True)
class _States:
    """Rows of validators, sorted by how much of them is new."""

    came: list[tuple[Any, ...]]
    changed: list[tuple[Any, ...]]
    steady: list[tuple[Any, ...]]
    moved: list[tuple[StoredValidator, VoteAccount]]


def compare(snapshot: Snapshot, present: Present | None = None) -> Comparison:
    """Also inside the transaction that writes it; then others wait for as long.

    `present` was read before the look was taken; where somebody wrote since, it is read anew.
    """
    if present is None or not present.is_current:
        present = read_present()
    previous, stored = present.newest, present.validators
    standing = _standing(snapshot, stored)
    states = _states(snapshot, stored, standing)
    keys = {row.vote_account: row.pk for row in stored.values()}
    keys.update((row[0], -place) for place, row in enumerate(states.came, start=1))
    sent = {state.account.vote_account for state in snapshot.accounts}
    gone = {row.vote_account for row in stored.values() if row.is_gone}
    return Comparison(
        marks=present.marks,
        session=bulk.session(),
        previous=previous,
        stored=stored,
        keys=keys,
        came=states.came,
        joined=_joined(snapshot, stored, gone),
        moved=states.moved,
        left=_left(snapshot, stored, sent | gone),
        steady=bulk.Staged(Validator, name="steady", fields=_MOVING, rows=states.steady),
        changed=bulk.Staged(Validator, name="changed", fields=STATES, rows=states.changed),
        epochs=compared_epochs(snapshot, keys=keys, present=present),
        standing=standing,
        mean=running_mean(snapshot),
    )


def _standing(snapshot: Snapshot, stored: Mapping[str, StoredValidator]) -> Standing:
    accounts = [state.account for state in snapshot.accounts]
    rows = map(stored.get, (one.vote_account for one in accounts))
    standing = standing_of(
        Stake(one.vote_account, one.activated_stake, NOTHING_KNOWN if row is None else row.software)
        for one, row in zip(accounts, rows, strict=True)
    )
    unread = _stake_of_unread(snapshot)
    if not unread:
        return standing
    # Or one odd record would tell that its validator fell out of the superminority, and another came in.
    stakes = {one.vote_account: one.activated_stake for one in accounts if one.activated_stake} | unread
    return replace(standing, superminority=tuple(superminority(stakes)))


def _stake_of_unread(snapshot: Snapshot) -> dict[str, int]:
    """What those held last whose records were rejected, by vote account."""
    named = [record.vote_account for record in snapshot.rejected if record.vote_account is not None]
    if not named:
        return {}
    known = Validator.objects.present().filter(vote_account__in=named, activated_stake__gt=0)
    return dict(known.values_list("vote_account", "activated_stake"))


def _standing_values(
    state: AccountState, row: StoredValidator | None, standing: Standing, superminority: Set[str]
) -> tuple[Any, ...]:
    """In the order of STANDING."""
    account = state.account
    bps = account.commission_bps
    confirmed = None if row is None else row.commission_confirmed_bps
    if row is not None and row.commission_bps == bps:
        confirmed = bps
    return (
        account.identity,
        account.activated_stake,
        bps,
        confirmed,
        state.delinquent,
        account.epoch_vote_account,
        account.vote_account in superminority,
        standing.current.get(account.vote_account),
    )


def _states(snapshot: Snapshot, stored: Mapping[str, StoredValidator], standing: Standing) -> _States:
    """The present state of every account sent, in the order of STATES, by how much of it is new."""
    found = _States([], [], [], [])
    # Where stake is spread evenly it holds a fifth of everybody.
    superminority = frozenset(standing.superminority)
    for state in snapshot.accounts:
        account = state.account
        row = stored.get(account.vote_account)
        values = _standing_values(state, row, standing, superminority)
        # A node sends 0 for an account without a root.
        moving = (account.last_vote, account.root_slot or None)
        if row is None:
            found.came.append((account.vote_account, *values, *moving))
        elif row.standing == values and not row.is_gone:
            found.steady.append((*moving, row.pk))
        else:
            found.moved.append((row, account))
            found.changed.append((*values, *moving, row.pk))
    return found


def _joined(snapshot: Snapshot, stored: Mapping[str, StoredValidator], gone: Set[str]) -> list[str]:
    accounts = (state.account.vote_account for state in snapshot.accounts)
    return [account for account in accounts if account not in stored or account in gone]


def _left(snapshot: Snapshot, stored: Mapping[str, StoredValidator], known: Set[str]) -> list[int]:
    """Who is neither sent nor gone already; a rejected record has not left."""
    rejected = {record.vote_account for record in snapshot.rejected}
    return [row.pk for account, row in stored.items() if account not in known and account not in rejected]
