"""What the words on pages mean: in one list on the page of the scores, to which the words lead.

A title alone reaches a pointer, and neither a finger nor a keyboard.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


class Meaning(NamedTuple):
    word: str
    said: str


# By the fragment of its address.
MEANINGS: Final[Mapping[str, Meaning]] = {
    "score": Meaning("Score", "0 to 100; in the list the line beside it is its way over the last runs"),
    "risk": Meaning(
        "Risk, next epoch",
        "That its next epoch is bad: it earns less than 97 % of the cluster's mean, or is not there",
    ),
    "risk-range": Meaning(
        "Risk, between", "How far what is unknown of it could move the risk; no confidence interval"
    ),
    "risk-within-ten": Meaning(
        "Risk within ten epochs",
        "That at least one of its next ten epochs is bad, as often as it was for such a risk",
    ),
    "vote-performance": Meaning(
        "Vote performance",
        "How it voted in the newest ended epoch that is judged: 100 % is as the cluster's mean; what chance "
        "gave it as a leader is taken off",
    ),
    "leader-luck": Meaning(
        "Leader luck",
        "Blocks it made in that epoch, against those that its stake expects: leaders are drawn by lot, so it "
        "is chance but for the blocks that it skipped",
    ),
    "commission": Meaning("Commission", "The validator's share of the rewards"),
    "mev-commission": Meaning("MEV commission", "The validator's share of the tips"),
    "no-jito": Meaning("No Jito", "It made blocks in that epoch and had no tip account"),
    "apy": Meaning(
        "APY", "Yearly return to stakers, after commission, without MEV: the mean of up to ten epochs"
    ),
    "estimate": Meaning(
        "APY, estimate",
        "By what the chain tells of the past, with the commission of today and, where a stake is needed "
        "that nobody saw, that of today",
    ),
    "total-apy": Meaning(
        "Total APY",
        "With what tips, shared priority fees and handed-on block revenue add, after the validator's part of "
        "them; unknown while a part of it is",
    ),
    "reward": Meaning(
        "100 SOL for a year", "After commission, what is earned staying staked, without MEV and fees"
    ),
    "stake": Meaning("Stake", "Activated stake"),
    "skip-rate": Meaning("Skip rate", "Share of its leader slots without a block"),
    "version": Meaning("Version", "Of the node, as gossip knows it"),
    "old-version": Meaning(
        "Old version", "Older than what 66 % of the stake of its client and those with the same numbering run"
    ),
    "superminority": Meaning(
        "Superminority",
        "The fewest that hold more than a third of the stake; their number is the Nakamoto coefficient",
    ),
    "not-admitted": Meaning("Not admitted", "It will not be in the set of the epoch after the next"),
    "like-a-larger-one": Meaning(
        "Name like a larger one's", "Another validator with more stake has a name that looks the same"
    ),
    "mixes-alphabets": Meaning(
        "Name mixes alphabets", "Its name mixes letters of several alphabets within a word"
    ),
    "from-the-account": Meaning("From the account", "Told by the account itself; nobody saw the epoch live"),
    "tips": Meaning("Tips of an epoch", "For stakers, validator and tip router together"),
    "shared-fees": Meaning("Shared fees of an epoch", "What it put into Jito's program to be shared"),
    "rank-by-stake": Meaning("Rank by stake", "1 has the most stake"),
    "address": Meaning("Address", "IPv4, by gossip"),
    "bam": Meaning("BAM", "Jito's block assembly marketplace"),
    "priority-fees": Meaning("Priority fees", "All that it earned, whether shared or kept"),
    "coming": Meaning(
        "Stake coming, leaving",
        "On its way in or out: it comes with the next epoch, and leaves with the end of this one",
    ),
    "its-own": Meaning(
        "Stake of its own", "That the withdraw authority of its vote account may withdraw as well"
    ),
    "pool-share": Meaning("Share of a stake pool", "Of the validator's activated stake"),
    "on-the-way": Meaning(
        "Stake of a pool on the way", "On its way in or out, which the pool's list does not tell"
    ),
    "as-of-epoch": Meaning("As of epoch", "In which the pool itself reckoned these stakes last"),
    "holds": Meaning("What a pool holds", "Staked or not"),
    "staked": Meaning("What a pool staked", "With the validators on its list"),
    "a-token": Meaning("A token of a pool", "SOL that one of its tokens stands for"),
    "inflation": Meaning("Inflation", "Yearly rate of the validators"),
    "slot-time": Meaning(
        "Slot time",
        "Nominal, by the chain's feature accounts; else the nearest to the pace that was measured",
    ),
    "alpenglow": Meaning("Alpenglow", "Whether votes are off the chain"),
    "rank-correlation": Meaning(
        "Rank correlation",
        "Spearman's, over the scores: 1 is the same order, 0 is none in common, minus 1 the opposite one",
    ),
    "places-apart": Meaning(
        "Places apart",
        "Places by which the first method puts it higher (+) or lower; sorted by how many, either way",
    ),
}


@register.simple_tag
def meaning(key: str) -> str:
    """For the title of what cannot be a link, on a page that leads to the list."""
    return MEANINGS[key].said


@register.simple_tag
def term(key: str, shown: str = "") -> SafeString:
    """A word that leads to what it means; without `shown` as it stands in the list."""
    word, said = MEANINGS[key]
    address = f"{reverse('validators:scores')}#{key}"
    return format_html('<a class="term" href="{}" title="{}">{}</a>', address, said, shown or word)


@register.simple_tag
def meanings() -> Mapping[str, Meaning]:
    return MEANINGS
