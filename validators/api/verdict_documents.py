"""What callers get of rule sets and verdicts: the shape of each reply, as OpenAPI shows it."""

from datetime import date

from ninja import Schema
from pydantic import Field

from scheduling.api.replies import Envelope
from validators.api.documents import NEXT_CURSOR
from validators.api.words import RulesDecide, VerdictResult

_RULE = Field(description="Its name within the rule set", examples=["commission"])


class RuleDocument(Schema):
    """One rule of a set."""

    name: str = _RULE
    said: str = Field(
        description="What it asks, for people",
        examples=["Commission of at most 5 % in the running epoch and each of the 30 before it"],
    )
    elsewhere: bool = Field(description="Nothing that an endpoint tells decides it", examples=[False])
    doubt: str | None = Field(
        description="What could not be verified of it; null is nothing", examples=[None]
    )
    source: str | None = Field(
        description="Where it is written; null of a rule of one's own",
        examples=["https://example.org/delegation-criteria"],
    )
    source_of: str | None = Field(description="Of what time or commit that is", examples=["commit 68900c1"])


class RuleSetDocument(Schema):
    """Who asks what of validators before he delegates."""

    rules: str = Field(description="Its name", examples=["jitosol-steward"])
    title: str = Field(description="For people", examples=["JitoSOL's Steward"])
    rules_version: str = Field(description="Of the rule set, not of a method", examples=["2026-11-26"])
    read_on: date = Field(description="When the sources were read", examples=["2026-11-26"])
    decides: RulesDecide = Field(description="What follows for who meets every rule", examples=["ranking"])
    decision: str = Field(description="The same, for people", examples=["Of those, 400 enter by rank."])
    notes: list[str] = Field(description="What is to be known of it beside", examples=[["Of about 2024."]])
    items: list[RuleDocument] = Field(description="In the order of the file")
    passes: int = Field(description="Validators that meet every rule", examples=[0])
    eligible: int = Field(description="Those that do, where a ranking or an auction chooses", examples=[0])
    fails: int = Field(description="Validators that fail a rule", examples=[412])
    unknown: int = Field(description="Of whom it is not known", examples=[600])
    meet_measured: int = Field(
        description="Of those, the ones that meet every rule that can be looked at", examples=[388]
    )


class RuleSetList(Envelope):
    """Every rule set."""

    items: list[RuleSetDocument] = Field(description="The shipped ones first")
    refused: list[str] = Field(
        description="What is wrong with each file of RULES_DIR that cannot be used", examples=[[]]
    )


class FindingDocument(Schema):
    """One rule that keeps a validator from passing."""

    rule: str = _RULE
    sentence: str = Field(
        description="What it asks, and why it is not met or not known",
        examples=["Commission of at most 5 %: 8 % in epoch 1004; out of the window in epoch 1035."],
    )
    elsewhere: bool = Field(description="Nothing that an endpoint tells decides it", examples=[False])
    value: float | bool | str | None = Field(
        description="What failed, in the newest epoch that did: a fraction, SOL, yes or no, a version; where "
        "epochs are counted over all, how many there are",
        examples=[0.08],
    )
    epoch: int | None = Field(
        description="The newest epoch that failed; null where none did", examples=[1004]
    )
    first_epoch: int | None = Field(description="The oldest that failed", examples=[1003])
    epochs: int = Field(description="How many failed, or how many are too few", examples=[2])
    clears_in: int | None = Field(
        description="The first running epoch that no longer looks back at it, if nothing else happens; null "
        "is never, or as soon as it is another",
        examples=[1035],
    )
    goes_on: bool = Field(
        description="It is a setting that fails still: `clears_in` is then the earliest, if it is changed at "
        "once",
        examples=[False],
    )


class VerdictDocument(Schema):
    """What one rule set says of one validator."""

    vote_account: str = Field(description="Base58; the validator's key")
    name: str | None = Field(description="What it calls itself; never trusted")
    rules: str = Field(description="The rule set's name", examples=["jitosol-steward"])
    title: str = Field(description="The rule set, for people", examples=["JitoSOL's Steward"])
    rules_version: str = Field(description="By which version of the set", examples=["2026-11-26"])
    result: VerdictResult | None = Field(
        description="Null where it was not judged by it yet", examples=["fails"]
    )
    measured: VerdictResult | None = Field(
        description="The same by those rules alone that can be looked at; never eligible",
        examples=["fails"],
    )
    since_epoch: int | None = Field(description="In which the result was first this one", examples=[1004])
    clears_in: int | None = Field(
        description="The epoch in which all that fails is out of its windows; null is never, or not known",
        examples=[1035],
    )
    sentence: str = Field(description="In a line", examples=["Fails 1 of 10 rules: commission."])
    failing: list[FindingDocument] = Field(description="The rules that it fails")
    unknown: list[FindingDocument] = Field(description="The rules of which it is not known")
    passing: list[str] = Field(description="The names of all others", examples=[["superminority"]])


class ValidatorVerdicts(Envelope):
    """One validator by every rule set."""

    vote_account: str = Field(description="Base58; the validator's key")
    items: list[VerdictDocument] = Field(description="In the order of `/api/v1/rules`")
    next_cursor: str | None = Field(description="Always null: all come at once", examples=[None])


class VerdictRow(Schema):
    """A verdict in a line, as the list and its CSV have it."""

    vote_account: str = Field(description="Base58; the validator's key")
    name: str | None = Field(description="What it calls itself; never trusted")
    rules: str = Field(description="The rule set's name", examples=["jitosol-steward"])
    rules_version: str = Field(description="By which version of the set", examples=["2026-11-26"])
    result: VerdictResult = Field(description="By all of its rules", examples=["fails"])
    measured: VerdictResult = Field(
        description="By those rules alone that can be looked at", examples=["fails"]
    )
    failing: str = Field(description="Names of the rules that fail, with spaces", examples=["commission"])
    epoch: int | None = Field(description="The newest epoch that failed one", examples=[1004])
    clears_in: int | None = Field(
        description="The epoch in which all that fails is out of its windows", examples=[1035]
    )
    since_epoch: int = Field(description="In which the result was first this one", examples=[1004])
    sentence: str = Field(description="For people", examples=["Fails 1 of 10 rules: commission."])


class VerdictList(Envelope):
    """A page of verdicts."""

    items: list[VerdictRow] = Field(description="The newest judged first")
    next_cursor: str | None = Field(description=NEXT_CURSOR)
