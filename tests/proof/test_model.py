"""The model keeps every rule of the specification, and breaks one without any of the safeguards."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.faults.mutate import MUTATIONS, Mutation
from tests.proof import model, switches
from tests.proof.__main__ import main
from tests.proof.configurations import SHOWN, SMALL, without
from tests.proof.explorer import System, explore
from tests.proof.exploring import explored
from tests.proof.kept import KEPT
from tests.proof.rules import LIVE
from tests.proof.state import Configuration
from tests.proof.stories import BROKEN, SENTENCES, story

HERE = Path(__file__).parent
SOURCE = "\n".join((HERE / name).read_text() for name in ("workers.py", "dispatchers.py", "environment.py"))


# Most of the time of all; nothing but the model itself changes what it finds, so it runs beside the storms.
DEAREST = "two hosts, two occurrences, two faults"


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.storm] * (name == DEAREST)) for name in SMALL]
)
def test_no_order_of_steps_breaks_a_rule(name: str) -> None:
    """All of them.

    [CLAIM-1] [CLAIM-2] [CLAIM-3] [ONCE-1] [ONCE-2] [FENCE-1] [FENCE-2] [RECOVER-1] [WATCH-1] [EFFECT-1]
    [ATTEMPT-1] [OVERLAP-1] [END-1] [PAUSE-1] [PAUSE-2] [ASK-1] [TIME-1] [LIVE-1]
    """
    found = explored(SMALL[name])

    assert not found.rule, story(found.way, rule=found.rule, made=SMALL[name])
    assert found.states > 5_000


@pytest.mark.parametrize("safeguard", SHOWN)
def test_without_a_safeguard_a_rule_is_broken_and_a_story_says_how(safeguard: str) -> None:
    rule, _ = SHOWN[safeguard]

    found = explored(without(safeguard))

    assert found.rule == rule
    told = story(found.way, rule=rule, made=without(safeguard)).splitlines()
    assert len(told) == len(found.way) + 1
    assert told[-1] == f"    [{rule}] is broken. {BROKEN[rule]}"


def test_a_story_that_nobody_has_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("the fance") == 2
    assert capsys.readouterr().out.splitlines() == [
        'No safeguard has "the fance" in its name. There are:',
        *SHOWN,
    ]


def test_every_mutant_of_the_code_is_a_switch_of_the_model() -> None:
    assert [mutation.safeguard for mutation in MUTATIONS] == list(switches.MUTATED)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.safeguard)
def test_a_mutant_takes_words_from_the_code_that_the_model_was_transcribed_from(mutation: Mutation) -> None:
    lost = 0
    for name, old, new in mutation.replacements:
        text = (Path(settings.BASE_DIR) / name).read_text()
        assert text.count(old) == 1
        mutant = text.replace(old, new)
        lost += sum(mutant.count(kept.words) < text.count(kept.words) for kept in KEPT if kept.path == name)

    assert lost


def test_every_switch_is_shown_and_is_one_of_the_models_steps() -> None:
    names = {
        value: name for name, value in vars(switches).items() if isinstance(value, str) and name.isupper()
    }

    assert set(names.values()) == set(re.findall(r"switches\.([A-Z_]+)", SOURCE))
    assert set(names) == set(SHOWN) == {*switches.MUTATED, *switches.FURTHER}


def test_each_rule_is_broken_without_some_safeguard() -> None:
    assert {rule for rule, _ in SHOWN.values()} == set(BROKEN)


def test_every_step_has_a_sentence() -> None:
    named = set(re.findall(r'Step\(\s*"([^"]+)"', SOURCE)) | set(re.findall(r'name="([^"]+)"', SOURCE))

    assert named <= set(SENTENCES)
    assert set(SENTENCES) >= model.NOT_COUNTED_ON


@pytest.mark.parametrize(
    "made",
    [
        Configuration(hosts=1, occurrences=1, acts=1),
        Configuration(hosts=1, faults=0),
        Configuration(occurrences=1),
    ],
    ids=["one host and an act", "one host, two occurrences", "two hosts"],
)
def test_of_like_states_exactly_one_is_looked_at(made: Configuration) -> None:
    """Neither the symmetry nor messages that are left out hide anything.

    All states, each taken for its like, are those that are explored.
    """
    seen = set()

    def all_of(state: object) -> object:
        seen.add(model.canonical(state, made))  # type: ignore[arg-type]
        return state

    everything = explore(
        System(
            initial=made.initial(),
            steps=lambda state: model.steps(state, made),
            canonical=all_of,
            broken=lambda state, step: "",
            is_end=lambda state: True,
            counted_on=lambda step: True,
        ),
        rule_of_stuck=LIVE,
    )

    assert len(seen) == explored(made).states < everything.states
