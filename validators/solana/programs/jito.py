"""Jito's distribution accounts: what a vote account's stakers get of the tips, and of the priority fees that
it shares, of one epoch. Little-endian; whatever is not as laid out is refused. Pure.

Sources: jito-foundation/jito-programs, mev-programs/programs/tip-distribution and priority-fee-distribution
(src/state.rs); how they are shared: jito-foundation/jito-tip-router, meta_merkle_tree.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from validators.solana.arithmetic import ALL_BPS
from validators.solana.byte_reader import Reader
from validators.solana.features import SYSTEM_PROGRAM
from validators.solana.programs.addresses import program_address
from validators.solana.pubkey import KEY_BYTES, raw_key

TESTNET: Final = "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY"
# The tip router's, of what lies in an account at the end of its epoch, before commission: 3 % of all tips
# (JIP-8), by the 97 % of it that the block engine leaves (`adjusted_total_fees_bps` of jito-tip-router). Of
# shared fees it is a rate of its own, which no account here tells; the same is assumed. Every number of ours
# that is after this fee is by this constant, and whatever is said of it by these words.
ROUTER_FEE_BPS: Final = ALL_BPS * 300 // (ALL_BPS - 300)
ROUTER_FEE_SOURCE: Final = (
    "assumed by Jito's JIP-8 (3 % of what searchers paid) and by `adjusted_total_fees_bps` of its tip "
    "router; no account that is read tells it"
)
# An account may be closed once its epoch lies more than ten back (`num_epochs_valid`).
EPOCHS_VALID: Final = 10
# Of eight thousand validators in an epoch; they take 7 MiB.
MOST_ADDRESSES: Final = 16_384
_ROOT_BYTES: Final = 32
# Beyond what any chain has reached, and within what a database holds.
_LATEST_EPOCH: Final = 2**53


@dataclass(frozen=True, slots=True)
class Kind:
    """A program and its account of a vote account and epoch.

    `counts_transfers`: it has a field for all that was ever paid in.
    """

    name: str
    program: str
    program_on_testnet: str
    seed: bytes
    discriminator: bytes
    lengths: tuple[int, ...]
    counts_transfers: bool

    @property
    def space(self) -> int:
        """What the program allocates, and rent is paid for."""
        return self.lengths[0]

    def program_of(self, genesis_hash: str) -> str:
        return self.program_on_testnet if genesis_hash == TESTNET else self.program

    def address(self, program: str, vote_account: str, epoch: int) -> str:
        return _address(self.seed, program, vote_account, epoch)


TIPS: Final = Kind(
    name="tip distribution account",
    program="4R3gSG8BpU4t19KYj8CfnbtRpnT8gtk4dvTHxVRwc2r7",
    program_on_testnet="DzvGET57TAgEDxvm3ERUM4GNcsAJdqjDLCne9sdfY4wf",
    seed=b"TIP_DISTRIBUTION_ACCOUNT",
    discriminator=bytes.fromhex("554071c6ea5e787b"),
    lengths=(168,),
    counts_transfers=False,
)
PRIORITY_FEES: Final = Kind(
    name="priority fee distribution account",
    program="Priority6weCZ5HwDn29NxLFpb7TDp2iLZ6XKc5e8d3",
    program_on_testnet="Priority6weCZ5HwDn29NxLFpb7TDp2iLZ6XKc5e8d3",
    seed=b"PF_DISTRIBUTION_ACCOUNT",
    discriminator=bytes.fromhex("a3b7fe0c7989eb1b"),
    # By its source the program allocates 176; its fields fit into 168, which is taken as well.
    lengths=(176, 168),
    counts_transfers=True,
)


# A worker asks for the same ones again and again while their epoch runs, and each is worked out in 0.1 ms.
@lru_cache(maxsize=MOST_ADDRESSES)
def _address(seed: bytes, program: str, vote_account: str, epoch: int) -> str:
    seeds = (seed, raw_key(vote_account), epoch.to_bytes(8, "little"))
    return program_address(raw_key(program), seeds).address


@dataclass(frozen=True, slots=True)
class MerkleRoot:
    """Uploaded after the epoch: what may be claimed in all, and what was; lamports."""

    most_claimed: int
    claimed: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """What an account says; `commission_bps` is the validator's.

    Of tips it is taken from what lies there; of priority fees it was kept before the rest was put there
    (`calculate_share` of jito-solana's priority-fee-sharing).

    `transferred` is None where the program does not count it.
    """

    vote_account: str
    epoch: int
    commission_bps: int
    expires_at: int
    root: MerkleRoot | None
    transferred: int | None
    lamports: int

    def total(self, rent: int | None) -> int | None:
        """What its stakers, its validator and the router share, so far or for good.

        None where that follows from the balance, and nobody tells the rent.
        """
        if self.root is not None:
            return self.root.most_claimed
        if self.transferred is not None:
            return self.transferred
        return None if rent is None else max(0, self.lamports - rent)


def decoded_distribution(
    kind: Kind,
    *,
    address: str,
    vote_account: str,
    epoch: int,
    program: str,
    owner: str,
    lamports: int,
    data: bytes,
) -> Distribution | None:
    """The account at an address that follows from vote account and epoch; None where nothing was made there.

    Raises a LayoutError that names the address and what is wrong.
    """
    # Anybody can send lamports to an address that nothing is at yet.
    if owner == SYSTEM_PROGRAM and not data:
        return None
    reader = Reader(f"{kind.name} {address}", data)
    if owner != program:
        raise reader.refusal(f"owned by {owner} instead of {program}")
    reader.expect_length(*kind.lengths)
    if reader.take(len(kind.discriminator), "discriminator") != kind.discriminator:
        raise reader.refusal(f"discriminator {data[:8].hex()} instead of {kind.discriminator.hex()}")
    found = _fields(kind, reader, lamports)
    if found.vote_account != vote_account:
        raise reader.refusal(f"of vote account {found.vote_account} instead of {vote_account}")
    if found.epoch != epoch:
        raise reader.refusal(f"of epoch {found.epoch} instead of {epoch}")
    return found


def _fields(kind: Kind, reader: Reader, lamports: int) -> Distribution:
    vote_account = reader.key("vote account")
    reader.take(KEY_BYTES, "upload authority")
    root = _root(reader) if reader.flag("tag of the merkle root") else None
    epoch = reader.unsigned(8, "epoch", most=_LATEST_EPOCH)
    commission_bps = reader.unsigned(2, "commission", most=ALL_BPS)
    expires_at = reader.unsigned(8, "epoch of expiry", most=2**64 - 1)
    if expires_at < epoch:
        raise reader.refusal(f"expires in epoch {expires_at}, before its own, {epoch}")
    transferred = reader.unsigned(8, "lamports transferred") if kind.counts_transfers else None
    reader.unsigned(1, "bump")
    return Distribution(vote_account, epoch, commission_bps, expires_at, root, transferred, lamports)


def _root(reader: Reader) -> MerkleRoot:
    reader.take(_ROOT_BYTES, "merkle root")
    most, most_nodes = reader.unsigned(8, "most to be claimed"), reader.unsigned(8, "most claims")
    claimed, nodes = reader.unsigned(8, "claimed"), reader.unsigned(8, "claims")
    if claimed > most or nodes > most_nodes:
        raise reader.refusal(f"{claimed} lamports claimed {nodes} times, of {most} for {most_nodes}")
    return MerkleRoot(most, claimed)


def stakers_share(total: int, commission_bps: int) -> int:
    """Of what an account holds: the router's fee and the validator's commission are both of the whole.

    Where they are more than that, the stakers get nothing. Shared fees have no commission any more.
    Source: `vec_from_stake_meta_for_distribution_meta` of jito-tip-router.
    """
    taken = total * ROUTER_FEE_BPS // ALL_BPS + total * commission_bps // ALL_BPS
    return max(0, total - taken)
