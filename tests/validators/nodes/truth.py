"""The chain's own truth, and what is stored in the same words, so that a test compares the two."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tests.validators.nodes.chain import Chain
from validators.models import BlocksBasis, Validator, ValidatorEpoch
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment, first_slot_of
from validators.simulator.ledger import page_of
from validators.simulator.production import production_by_identity
from validators.simulator.tenants import identity_of
from validators.solana.arithmetic import CreditsUnit


class Seen(NamedTuple):
    """One vote account as a look shows it."""

    identity: str
    stake: int
    commission_bps: int | None
    delinquent: bool
    last_vote: int


class EpochTruth(NamedTuple):
    """What became of one vote account in a whole epoch; in the one of the migration it earned both."""

    votes: int
    lamports: int
    stake: int
    leader_slots: int
    blocks_produced: int


class Step(NamedTuple):
    """A commission that became another one at a moment."""

    vote_account: str
    moment: Moment
    from_bps: int
    to_bps: int


def picture_of(chain: Chain, moment: Moment) -> dict[str, Seen]:
    """Everybody at a moment, by vote account."""
    votes = chain.votes(moment)
    return {
        one["votePubkey"]: Seen(
            one["nodePubkey"],
            one["activatedStake"],
            one["inflationRewardsCommissionBps"],
            state == "delinquent",
            one["lastVote"],
        )
        for state, accounts in votes.items()
        for one in accounts
    }


def stored_picture() -> dict[str, Seen]:
    """Everybody who is present by what is stored."""
    columns = ("vote_account", "identity", "activated_stake", "commission_bps", "delinquent", "last_vote")
    rows = Validator.objects.present().values_list(*columns)
    return {vote_account: Seen(*numbers) for vote_account, *numbers in rows}


@cache
def epoch_of(chain: Chain, epoch: int) -> dict[str, EpochTruth]:
    """Everybody who had an account in an epoch, by vote account; what nobody can change any more."""
    cluster, first = chain.cluster, first_slot_of(epoch)
    made = production_by_identity(cluster.field, first=first, last=first + SLOTS_PER_EPOCH - 1)
    found = {}
    for outlook in cluster.outlooks(epoch):
        tenant = outlook.tenant
        page = page_of(chain.world, cluster.field, outlook.seat, tenant, epoch)
        # The schedule names the identities of the epoch before, and a new one may lead already.
        identities = {outlook.identity, identity_of(outlook.seat, tenant, epoch - 1)}
        led = [made[identity] for identity in identities if identity in made]
        found[tenant.vote_account] = EpochTruth(
            votes=page.votes,
            lamports=page.lamports,
            stake=outlook.activated_stake,
            leader_slots=sum(one.leader_slots for one in led),
            blocks_produced=sum(one.blocks_produced for one in led),
        )
    return found


def claims_final(row: ValidatorEpoch, *, running: int) -> bool:
    """Whether a row says of its credits that they will not change."""
    return row.epoch < running and row.credits is not None and row.credits_final


def differences(row: ValidatorEpoch, truth: EpochTruth, *, running: int) -> Iterator[str]:
    """What a row claims for good and is not so."""
    name = f"{row.validator.vote_account[:8]} in epoch {row.epoch}"
    if claims_final(row, running=running):
        is_paid = row.credits_unit == CreditsUnit.LAMPORTS
        if row.credits != (truth.lamports if is_paid else truth.votes) or (truth.lamports and not is_paid):
            yield f"{name}: {row.credits} {row.credits_unit}, in truth {truth.votes} and {truth.lamports}"
        if row.credits_before_split not in (None, truth.votes):
            yield f"{name}: vote credits {row.credits_before_split}, in truth {truth.votes}"
    if row.blocks_basis == BlocksBasis.FINAL:
        stored = (row.leader_slots, row.blocks_produced)
        if stored != (truth.leader_slots, truth.blocks_produced):
            yield f"{name}: leader slots and blocks {stored}, in truth {truth[-2:]}"
    if row.activated_stake not in (None, truth.stake):
        yield f"{name}: stake {row.activated_stake}, in truth {truth.stake}"


def false_claims(chain: Chain, *, running: int, oldest: int = 0) -> list[str]:
    """What the stored epochs claim for good and is not the chain's truth; empty when all is well."""
    rows = ValidatorEpoch.objects.filter(epoch__gte=oldest).select_related("validator").order_by("epoch")
    found = []
    for row in rows:
        whose = epoch_of(chain, row.epoch).get(row.validator.vote_account)
        if whose is None:
            found.append(f"{row.validator.vote_account[:8]} has no account in epoch {row.epoch}")
        else:
            found += differences(row, whose, running=running)
    return found


def steps_between(chain: Chain, since: Moment, until: Moment) -> list[Step]:
    """Every change of a commission after one moment and up to another, in order of time."""
    found: list[Step] = []
    last: dict[str, int] = {}
    for epoch in range(since.epoch, until.epoch + 1):
        for outlook in chain.cluster.outlooks(epoch):
            vote_account = outlook.tenant.vote_account
            for slot_index, bps in outlook.commission:
                before = last.get(vote_account, bps)
                last[vote_account] = bps
                moment = Moment(epoch, slot_index)
                if before != bps and since.absolute_slot < moment.absolute_slot <= until.absolute_slot:
                    found.append(Step(vote_account, moment, before, bps))
    return sorted(found, key=lambda step: step.moment.absolute_slot)
