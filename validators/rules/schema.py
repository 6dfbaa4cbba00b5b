"""What a file of rules holds; whatever else it holds is refused."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from validators.rules.inputs import ABOUT, Unit
from validators.solana.versions import Lineage, Version, parse_version

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
# PostgreSQL stores no NUL.
_NO_NUL = r"^[^\x00]*$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=600, strip_whitespace=True, pattern=_NO_NUL)]
# More is no window that anybody's history fills.
LONGEST_WINDOW = 512


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bound(_Strict):
    """What a value has to be; one of these, or at least and at most together."""

    at_most: float | None = Field(None, allow_inf_nan=False)
    below: float | None = Field(None, allow_inf_nan=False)
    at_least: float | None = Field(None, allow_inf_nan=False)
    above: float | None = Field(None, allow_inf_nan=False)
    is_: bool | None = Field(None, alias="is")

    @property
    def is_anything(self) -> bool:
        limits = (self.at_most, self.below, self.at_least, self.above, self.is_)
        return any(limit is not None for limit in limits)

    def holds(self, value: float | bool) -> bool:
        if self.is_ is not None:
            return bool(value) is self.is_
        return (
            (self.at_most is None or value <= self.at_most)
            and (self.below is None or value < self.below)
            and (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
        )


class Doubt(Bound):
    """What is not sure of a rule's own bound. Beyond this one it fails for sure; without one nothing does."""

    because: Text


class _Rule(_Strict):
    name: Name
    said: Text
    source: Name | None = None


class ValueRule(_Rule, Bound):
    """A bound of one input, in each epoch of a window or in so many of them."""

    kind: Literal["value"]
    input: str
    # So many epochs; "all" is every one since the input is told, or since the epoch `since`.
    window: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)] | Literal["all"] = 1
    running: bool = True
    in_at_least: int | None = Field(None, ge=1)
    absent: Literal["unknown", "skip", "fail", "fail_if_all"] = "unknown"
    since: int = Field(0, ge=0)
    doubt: Doubt | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        about = ABOUT.get(self.input)
        if about is None or about.unit is Unit.VERSION:
            known = ", ".join(name for name, one in ABOUT.items() if one.unit is not Unit.VERSION)
            raise ValueError(f"input {self.input!r} is none; choose from: {known}")
        bounds = [bound for bound in (self, self.doubt) if bound is not None and bound.is_anything]
        if not self.is_anything and self.doubt is None:
            raise ValueError("it bounds nothing; give at_most, below, at_least, above or is")
        yes_no = about.unit is Unit.YES_NO
        if any((bound.is_ is not None) != yes_no for bound in bounds):
            wanted = "is = true or is = false" if yes_no else "a number: at_most, below, at_least or above"
            raise ValueError(f"input {self.input!r} is bounded by {wanted}")
        if about.only_now and (self.window != 1 or not self.running):
            raise ValueError(f"input {self.input!r} is known of now alone; leave window and running out")
        return self._window_makes_sense()

    def _window_makes_sense(self) -> Self:
        if self.window == "all" and not self._is_over_all():
            raise ValueError(
                'window = "all" is for input = "commission" with at_most, or for "voted" with in_at_least'
            )
        if self.window != "all" and self.in_at_least is not None and self.in_at_least > self.window:
            raise ValueError(f"in_at_least is {self.in_at_least}, and the window has {self.window} epochs")
        return self

    @property
    def why_in_doubt(self) -> str | None:
        return self.doubt.because if self.doubt else None

    def _is_over_all(self) -> bool:
        if self.input == "voted":
            return self.in_at_least is not None and self.is_ is True
        return self.input == "commission" and self.at_most is not None and self.in_at_least is None


class VersionRule(_Rule):
    """At least this version, by the numbering that it is of; of another numbering nothing is said."""

    kind: Literal["version"]
    at_least: dict[Lineage, str] = Field(min_length=1)
    doubt: Text | None = None

    @model_validator(mode="after")
    def _are_versions(self) -> Self:
        for text in self.at_least.values():
            if parse_version(text) is None:
                raise ValueError(f"{text!r} is no version; write it like 3.0.14")
        return self

    @property
    def why_in_doubt(self) -> str | None:
        return self.doubt

    def least(self, lineage: str) -> Version | None:
        text = self.at_least.get(Lineage(lineage)) if lineage in set(Lineage) else None
        return parse_version(text)


class ElsewhereRule(_Rule):
    """What is decided by something that no endpoint tells."""

    kind: Literal["elsewhere"]
    because: Text

    @property
    def why_in_doubt(self) -> str:
        return self.because


Rule = Annotated[ValueRule | VersionRule | ElsewhereRule, Field(discriminator="kind")]


class Source(_Strict):
    """Where a rule is written: which page, or which file at which commit, and of when."""

    name: Name
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s]{3,400}$")]
    of: Text


class RuleSet(_Strict):
    """One file: who asks what, and whether meeting it is enough."""

    name: Name
    title: Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_NO_NUL)]
    version: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=_NO_NUL)]
    read_on: date
    # What follows for who meets every rule: he is taken, or a ranking or an auction chooses among those.
    decides: Literal["rules", "ranking", "auction"]
    decision: Text
    notes: list[Text] = []
    sources: list[Source] = []
    rules: list[Rule] = Field(min_length=1, max_length=50)

    def source_of(self, rule: Rule) -> Source | None:
        return next((one for one in self.sources if one.name == rule.source), None)

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        for kind, names in (
            ("rules", [rule.name for rule in self.rules]),
            ("sources", [source.name for source in self.sources]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"two {kind} are called {', '.join(twice)}; give each its own name")
        known = {source.name for source in self.sources}
        for rule in self.rules:
            if rule.source is not None and rule.source not in known:
                raise ValueError(f"rule {rule.name}: there is no source called {rule.source}")
        return self
