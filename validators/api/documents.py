"""What callers get: the shape of each reply, as OpenAPI shows it."""

from datetime import datetime

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope
from validators.api import words
from validators.api.evidence_documents import EvidenceDocument
from validators.api.flag_documents import FlagDocument
from validators.solana.programs.jito import ROUTER_FEE_BPS, ROUTER_FEE_SOURCE

NAME_MARK = "What is striking about its name; null: nothing, when names were asked for last"
LAMPORTS = "Lamports; a string, because it may exceed what a double holds"
NEXT_CURSOR = "Give it back as `cursor` for the next page; null at the end"


class ScoredEnvelope(Envelope):
    scored_at: datetime | None = Field(
        description="When the method was applied, UTC; much older than `as_of` where scoring is paused or "
        "fails. Null before the first score"
    )


class AdmissionDocument(Schema):
    """Who lacks a BLS key or the price of a ticket is left out of an epoch; its stakers earn nothing."""

    status: words.AdmissionStatus = Field(description="Of the epoch after the next, which can be mended")
    next_epoch: bool | None = Field(description="Whether it is in the set of the next epoch")
    after_next: bool | None = Field(description="Whether it will be in the set of the epoch after that")
    reason: str | None = Field(description="Why `status` is not ok")
    epochs_paid: int | None = Field(description="How many epochs its balance pays for")


class ValidatorDocument(Schema):
    """A vote account as the newest fetch that held it saw it.

    In a list of an earlier epoch, of what was stored of that one: all else is null, and names are today's.
    """

    vote_account: str = Field(description="Base58; the validator's key")
    identity: str | None = Field(
        description="Node key; may change, may own several vote accounts. Null only in an earlier epoch"
    )
    name: str | None = Field(description="What it calls itself; never trusted")
    name_mark: words.NameMark | None = Field(description=NAME_MARK)
    website: str | None = Field(
        description="What it says is its website; never trusted. Null unless it is an http or https address "
        "without a user's name in it, so that a link to it opens a page of the host that one reads"
    )
    rank: int | None = Field(description="1 is best; equals share a rank")
    score: float | None = Field(description="0 to 100; the page /scores/ says what it means")
    vote_performance: float | None = Field(
        description="How it voted in the newest ended epoch that is judged: 1 is as the cluster's mean, what "
        "chance gave it as a leader taken off. In a list of an earlier epoch: in that one"
    )
    commission: float | None = Field(description="The validator's share of the rewards, a fraction")
    activated_stake: str | None = Field(description=f"{LAMPORTS}. Null only in an earlier epoch")
    apy: float | None = Field(
        description="Yearly return to stakers, a fraction, after commission, without MEV: by the mean return "
        "of up to ten epochs in which its votes could count; `apy_basis` says of what. A realised one is "
        "after the commission that applied in those epochs, which may be another than `commission`"
    )
    skip_rate: float | None = Field(
        description="Share of its leader slots without a block: of the running epoch so far, or of an ended "
        "one that was counted in all"
    )
    leader_slots: int | None = Field(description=words.LEADER_SLOTS)
    version: str | None = Field(description=words.VERSION)
    client: str | None = Field(description=words.CLIENT)
    version_current: bool | None = Field(
        description="At least what 66 % of the stake runs whose programs are numbered alike: Agave with its "
        "forks, Frankendancer, Firedancer, Sig. Null is unknown"
    )
    delinquent: bool | None = Field(
        description="Last vote 128 slots behind or more. In an earlier epoch as it ended, or null"
    )
    superminority: bool | None = Field(
        description="One of the fewest that hold more than a third of the stake. Null only in an earlier "
        "epoch"
    )
    commission_flags: list[str] = Field(
        description="What was striking about its commission, ever, in words; only of what two looks saw. "
        "Rather use `flags`, which has codes and epochs",
        json_schema_extra={"deprecated": True},
    )
    last_vote: int | None = Field(
        description="The last slot that it voted on; 0 before its first vote. Null only in an earlier epoch"
    )
    root_slot: int | None = Field(description="The last slot that is final for it; null is unknown")
    first_seen_at: datetime = Field(
        description="When a fetch first saw it, or a history was read that tells of it, UTC"
    )
    last_seen_at: datetime | None = Field(
        description="When a fetch last saw it, UTC. Null only in an earlier epoch"
    )
    left_at: datetime | None = Field(
        description="When a fetch first missed it, UTC; null: it is there. Of one that only a history tells "
        "of, the same as `first_seen_at`: no fetch saw it, and nobody knows when it left"
    )
    apy_basis: words.ApyBasis | None = Field(description="What `apy` is made of; the two are never mixed")
    apy_epochs: int | None = Field(description="How many epochs `apy` is the mean of")
    leader_luck: float | None = Field(
        description="Blocks it made in that epoch, divided by those that its stake expects: chance, but for "
        "those that it skipped"
    )
    admission: AdmissionDocument = Field(description="Whether it is let into the next epochs")
    risk: float | None = Field(
        description="Probability that its next epoch is bad: below 0.97 of the cluster's mean, or not there. "
        "Null where the method gives none"
    )
    risk_low: float | None = Field(description="If what is unknown of it were good")
    risk_high: float | None = Field(description="If what is unknown of it were poor; no confidence interval")
    risk_ten_epochs: float | None = Field(
        description="Probability of at least one bad epoch within ten, as measured for such a `risk`"
    )
    reward_of_100_sol: str | None = Field(
        description="Of a year at `apy`, what is earned staying staked; without MEV and fees. " + LAMPORTS
    )
    runs_jito: bool | None = Field(
        description="Whether it had a tip account of Jito's in `mev_epoch`; false only where it made a block "
        "and had none. Null is unknown, as in a list of an earlier epoch"
    )
    mev_commission: float | None = Field(
        description="Its share of the tips in `mev_epoch`, a fraction; null without a tip account"
    )
    mev_epoch: int | None = Field(description="The newest epoch of which `runs_jito` is known")
    mev_apy: float | None = Field(
        description="What tips add to `apy`, after its commission and the tip router's fee: by the mean of "
        "up to ten ended epochs. 0 where it does not run Jito; null is unknown. The router's fee of "
        f"{ROUTER_FEE_BPS / 100:g} % is {ROUTER_FEE_SOURCE}"
    )
    shared_apy: float | None = Field(
        description="What priority fees add that it shares through Jito's program; 0 where it shares none"
    )
    mev_apy_basis: words.ApyBasis | None = Field(description="What `mev_apy` and `shared_apy` are made of")
    mev_apy_epochs: int | None = Field(description="How many epochs these two are the mean of")
    block_apy: float | None = Field(
        description="What block revenue adds that the chain itself hands on (SIMD-0123): an estimate by what "
        "waits in its vote account. 0 where it keeps all, or nobody hands on; null is unknown"
    )
    total_apy: float | None = Field(
        description="`apy`, `mev_apy`, `shared_apy` and `block_apy` together; null while one of them is. "
        "Tips and fees reach the stake accounts unstaked, so they are not compounded"
    )
    flags: list[FlagDocument] = Field(
        description="What a delegator should know of it: of its commission, ever, as two looks saw it; of "
        "stake, account, name and admission as they are. In a list of an earlier epoch of commission and "
        "superminority alone, as they were"
    )
    address: str | None = Field(
        description="Of its node, as gossip last told it; null is unknown, as from here to `operator` in a "
        "list of an earlier epoch"
    )
    address_epoch: int | None = Field(description="The epoch in which gossip last told it")
    network: str | None = Field(
        description="Of `address`: AS and its number, by the files of ASN_DATABASE; without them its /24, of "
        "IPv6 its /48, which hides that many of them are one network's"
    )
    network_name: str | None = Field(description="As those files have it; null without them")
    country: str | None = Field(
        description="Two letters (ISO 3166), by those files; iptoasn's say where the network is registered"
    )
    operator: str | None = Field(
        description="The same for all that share a withdraw authority, an identity, a collector, or a name "
        "at one address: the withdraw authority of most of them. Null while its account was never read"
    )
    first_epoch: int | None = Field(description="The first epoch of which anything of it is stored")
    epochs_known: int = Field(description="Of how many epochs something of it is stored")
    skip_rate_epoch: int | None = Field(
        description="The epoch of `skip_rate` and `leader_slots`; null while neither is known"
    )


class IncidentDocument(Schema):
    """A time in which every fetch saw it delinquent."""

    started_at: datetime = Field(description="The first fetch that saw it, UTC")
    ended_at: datetime | None = Field(description="UTC; null while it goes on")
    start_epoch: int = Field(description="The epoch in which it began")
    fetches: int = Field(description="How many saw it")


class CommissionChangeDocument(Schema):
    """A change of the share that a validator keeps of the rewards."""

    seen_at: datetime | None = Field(description="Null where only an imported history tells of it")
    epoch: int = Field(description="The epoch in which it was seen")
    from_commission: float = Field(description="The share before, a fraction")
    to_commission: float | None = Field(description="The share after, a fraction; null: it cannot be told")
    applies_from_epoch: int = Field(
        description="The first epoch whose rewards are shared so (SIMD-0249), if it still stands when "
        "`epoch` ends: see `followed_in_epoch`"
    )
    applies_from_epoch_at_earliest: int = Field(
        description="One less where it was first seen in the first look of an epoch: it may have been made "
        "in the epoch before, and the return of the epoch between is unknown"
    )
    followed_in_epoch: int | None = Field(
        description="Where the next change was seen, null of the newest one; where it is `epoch`, no rewards "
        "were shared by this one, unless it was made in the epoch before"
    )
    followed_in_epoch_at_earliest: int | None = Field(
        description="One less where the next change was seen in the first look of an epoch: it may have been "
        "made in the epoch before; where that is `epoch`, no rewards may have been shared by this one"
    )
    confirmed: bool = Field(
        description="A second look saw it too, or a history tells of it; false of one that another followed: "
        "none did"
    )
    confirmed_at: datetime | None = Field(description="Null while it was seen once, and of a history")
    source: words.ChangeSource = Field(description="Who tells of it")


class CommissionMarkDocument(Schema):
    """The newest occurrence of one of `commission_flags`."""

    flag: str = Field(description="Which of them")
    epoch: int = Field(description="That shows it; above 50 %: the last one")
    since_epoch: int = Field(description="Of the value before; above 50 %: the first one")
    from_commission: float | None = Field(description="The value before; null above 50 %")
    to_commission: float = Field(description="The highest of it")


class VoteStateDocument(Schema):
    """The vote account itself, as last read."""

    looked_at: datetime = Field(description="When the account was last read, UTC")
    epoch: int = Field(description="The epoch in which it was read")
    state_version: words.StateVersion = Field(description="Which layout the account has")
    withdraw_authority: str = Field(description="Base58; who may take what the account holds")
    withdraw_authority_is_identity: bool = Field(description="Who has the node can take the account")
    inflation_rewards_collector: str | None = Field(
        description="Base58; where its share of the rewards goes. Null before v4"
    )
    block_revenue_collector: str | None = Field(description="Base58; of what blocks bring. Null before v4")
    block_revenue_commission: float = Field(description="A fraction; 1, the default, is no greed")
    pending_delegator_rewards: str = Field(description=LAMPORTS)
    bls_key: words.BlsKey = Field(description="The key that Alpenglow's votes are signed with")
    balance: str = Field(description=LAMPORTS)
    same_operator: list[str] = Field(
        description="Vote accounts with the same withdraw authority or a collector in common, largest first"
    )


class ValidatorDetail(ValidatorDocument):
    """A validator with its account, incidents and commission changes."""

    vote_state: VoteStateDocument | None = Field(description="Null while the account was never read")
    operator_evidence: list[EvidenceDocument] = Field(
        description="What it has in common with which others, the strong evidence first"
    )
    details: str | None = Field(description="What it writes about itself; never trusted")
    keybase: str | None = Field(description="The name on keybase.io that it claims; never trusted")
    incidents: list[IncidentDocument] = Field(description="The newest hundred")
    commission_changes: list[CommissionChangeDocument] = Field(description="The newest hundred")
    commission_marks: list[CommissionMarkDocument] = Field(
        description="When each of `commission_flags` was last seen, from what to what. Rather use `flags`",
        json_schema_extra={"deprecated": True},
    )
