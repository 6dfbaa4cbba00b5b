"""Epoch credits as a vote account keeps them: vote credits, then a mark, then lamports.

In the migration epoch an account has two tuples with a mark between them, and from then on a tuple
counts what was earned in lamports, on top of all the vote credits before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from validators.simulator.field import Field
from validators.simulator.seats import Seat
from validators.simulator.tenants import Tenant
from validators.simulator.votes import votes_before, votes_in
from validators.simulator.world import World

CreditTuple = tuple[int, int, int]
"""(epoch, cumulative credits, cumulative credits before that epoch), as the chain reports it."""

# What a vote account remembers (MAX_EPOCH_CREDITS_HISTORY), and what getVoteAccounts shows of it.
CREDIT_TUPLES_KEPT = 64
CREDIT_TUPLES_SHOWN = 5
MARK: CreditTuple = ((1 << 64) - 1,) * 3


@dataclass(frozen=True, slots=True)
class Page:
    """What an account earned in one epoch, in the two units."""

    epoch: int
    votes: int = 0
    lamports: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """An account's credits when an epoch began: its tuples, oldest first, and the sums behind them."""

    tuples: tuple[CreditTuple, ...] = ()
    votes: int = 0
    lamports: int = 0

    def with_page(self, page: Page, *, most: int) -> tuple[CreditTuple, ...]:
        """The newest tuples once a page is added."""
        return (*self.tuples, *written([page], votes=self.votes, lamports=self.lamports))[-most:]


def written(pages: Iterable[Page], *, votes: int, lamports: int) -> Iterator[CreditTuple]:
    """The tuples of pages, oldest first, for an account that earned so much before them."""
    for page in pages:
        before = votes + lamports
        if page.votes:
            yield page.epoch, before + page.votes, before
        votes += page.votes
        # The first reward of an account that has voted before.
        if page.lamports and votes and not lamports:
            yield MARK
        if page.lamports:
            yield page.epoch, votes + lamports + page.lamports, votes + lamports
        lamports += page.lamports


def ledger_before(world: World, field: Field, seat: Seat, tenant: Tenant, epoch: int, *, most: int) -> Ledger:
    """An account's ledger at an epoch's first slot, with its newest tuples."""
    votes = votes_before(world, seat, tenant, epoch)
    lamports = lamports_before(field, seat, tenant, epoch)
    pages = _newest_pages(world, field, seat, tenant, epoch, most=most, is_paid=lamports > 0)
    tuples = written(
        pages,
        votes=votes - sum(page.votes for page in pages),
        lamports=lamports - sum(page.lamports for page in pages),
    )
    return Ledger(tuple(tuples)[-most:], votes, lamports)


def lamports_before(field: Field, seat: Seat, tenant: Tenant, epoch: int) -> int:
    """What an account was paid since the migration, or its birth, before an epoch."""
    born = max(tenant.born, 0)
    return field.lamports_before(epoch)[seat.index] - field.lamports_before(min(born, epoch))[seat.index]


def page_of(world: World, field: Field, seat: Seat, tenant: Tenant, epoch: int) -> Page:
    """What an account earned in a whole epoch of its life."""
    votes = votes_in(world, seat, tenant, epoch)
    # A tenant's first epoch pays nothing: what its seat may be paid then would not be its own.
    return Page(epoch, votes, field.paid(epoch)[seat.index].lamports)


def _newest_pages(
    world: World, field: Field, seat: Seat, tenant: Tenant, epoch: int, *, most: int, is_paid: bool
) -> Sequence[Page]:
    epochs = tenant.epochs_backwards(epoch)
    if not is_paid and world.alpenglow_epoch is not None:
        # Nothing since the migration, which may be long ago.
        epochs = tenant.epochs_backwards(min(epoch, world.alpenglow_epoch + 1))
    found: list[Page] = []
    for past in epochs:
        page = page_of(world, field, seat, tenant, past)
        if page.votes or page.lamports:
            found.append(page)
        if len(found) == most:
            break
    return found[::-1]
