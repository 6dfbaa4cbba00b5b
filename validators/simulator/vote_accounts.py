"""The vote accounts of the cluster as accounts: what each says, owns and costs."""

from hashlib import sha512

from validators.simulator import draws
from validators.simulator.admission import Papers, papers_of
from validators.simulator.clock import SLOTS_PER_EPOCH, Moment
from validators.simulator.cluster import Cluster, ValidatorOutlook
from validators.simulator.commission import BPS_PER_PERCENT, commission_at
from validators.simulator.operators import paid_operator, withdrawing_operator
from validators.simulator.vote_state import Lockout, VoteState

VOTE_PROGRAM = "Vote111111111111111111111111111111111111111"

_BLS_KEY_BYTES = 48
# A vote becomes a root after 31 more on top of it (MAX_LOCKOUT_HISTORY).
VOTES_TO_ROOT = 31

# Its key for every day is also the key to its money.
_CARELESS_SEAT = 2


def vote_state(cluster: Cluster, outlook: ValidatorOutlook, moment: Moment) -> VoteState:
    """What a vote account says at a moment."""
    seat, tenant = outlook.seat, outlook.tenant
    papers = papers_of(seat)
    is_v4 = papers != Papers.OLD_STATE
    commission_bps = commission_at(outlook.commission, moment.slot_index)
    if not is_v4:
        commission_bps -= commission_bps % BPS_PER_PERCENT
    last_vote = cluster.last_vote(outlook, moment)
    return VoteState(
        is_v4=is_v4,
        vote_account=tenant.vote_account,
        identity=outlook.identity,
        withdrawer=withdrawer(outlook),
        rewards_collector=_rewards_collector(outlook) if is_v4 else tenant.vote_account,
        commission_bps=commission_bps,
        bls_key=_bls_key(tenant.key) if is_v4 and papers != Papers.NO_BLS_KEY else None,
        votes=_votes(cluster, last_vote),
        root_slot=max(0, last_vote - VOTES_TO_ROOT) if last_vote else None,
        authorized_epoch=moment.epoch,
        credit_tuples=cluster.credit_tuples(outlook, moment),
        last_timestamp=(last_vote, _time_of(cluster, last_vote) if last_vote else 0),
    )


def _votes(cluster: Cluster, last_vote: int) -> list[Lockout]:
    """The tower of a voter, oldest vote first; Alpenglow leaves one vote that is made up."""
    if not last_vote:
        return []
    if cluster.world.pays_lamports(_moment_of(last_vote)):
        return [Lockout(last_vote, 1, 0)]
    oldest = max(0, last_vote - VOTES_TO_ROOT + 1)
    return [Lockout(slot, last_vote - slot + 1, 1) for slot in range(oldest, last_vote + 1)]


def _time_of(cluster: Cluster, slot: int) -> int:
    return cluster.world.chain_time(_moment_of(slot))


def _moment_of(slot: int) -> Moment:
    return Moment(*divmod(slot, SLOTS_PER_EPOCH))


def _bls_key(key: str) -> bytes:
    return sha512(f"{key}:bls".encode()).digest()[:_BLS_KEY_BYTES]


def withdrawer(outlook: ValidatorOutlook) -> str:
    """The key that may take the account's lamports."""
    if outlook.seat.index == _CARELESS_SEAT:
        return outlook.identity
    return withdrawing_operator(outlook.seat) or draws.public_key(outlook.tenant.key, "withdrawer")


def _rewards_collector(outlook: ValidatorOutlook) -> str:
    return paid_operator(outlook.seat) or outlook.tenant.vote_account
