"""Pure functions leave what they are given as it was: several look at the same rows, one after the other."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

import pytest

import validators.scoring
import validators.solana
from tests.validators.replies import SENTINEL, SOL, key
from validators.solana import (
    admission,
    arithmetic,
    commission_flags,
    commission_marks,
    concentration,
    economics,
    layouts,
    look_alikes,
    means,
    operators,
    parsed_votes,
    performance,
    plausible_votes,
    pubkey,
    slot_times,
    standing,
    versions,
    whole_percent,
)
from validators.solana.admission import Candidate, Price
from validators.solana.arithmetic import CreditsUnit, Earned
from validators.solana.commission_flags import CommissionStep, EpochCommission
from validators.solana.economics import EpochReturn
from validators.solana.performance import Work
from validators.solana.programs import addresses, stakes
from validators.solana.standing import Software, Stake

MUTABLE: Final = ("list", "dict", "set", "bytearray", "deque", "defaultdict", "Counter", "Mutable")
GROUPED: Final = ("Sequence[", "Mapping[", "Iterable[", "Collection[", "Set[")

VOTES = ((988, 700, 0), (989, 1_400, 700), (990, 1_900, 1_400))
EARNED = (Earned(989, 5, CreditsUnit.VOTE_CREDITS), Earned(990, 7, CreditsUnit.VOTE_CREDITS))
BOTH_PARTS = (*VOTES[:2], tuple(SENTINEL), (989, 2_000, 1_400), (990, 3_000, 2_000))
WORKS = (Work(50, 10, 10, 2), Work(60, 20, 20, 3), Work(None, 5, None, None))
LINEAGE: Any = versions.lineage_of(versions.Client.AGAVE)
VERSION: Any = versions.parse_version("4.2.1")
RUNNING = (versions.Running(LINEAGE, VERSION, 5), versions.Running(LINEAGE, VERSION, 7))
PARSED = MappingProxyType(
    {
        "nodePubkey": key("node"),
        "authorizedWithdrawer": key("withdrawer"),
        "commission": 5,
        # JSON: there is nothing but lists in it.
        "epochCredits": [{"epoch": 1, "credits": "5", "previousCredits": "0"}],
    }
)

# Each pure function of validators.solana that takes several of something, with what refuses to be changed.
CALLS: Final[dict[Callable[..., Any], dict[str, Any]]] = {
    admission.admissions: {
        "candidates": (Candidate(5, True, SOL), Candidate(7, None, SOL)),
        "price": Price(1, 2),
    },
    arithmetic.earned_by_epoch: {"tuples": BOTH_PARTS, "running_epoch": 990},
    arithmetic.is_split_mark: {"numbers": tuple(SENTINEL)},
    arithmetic.own_split_epoch: {"tuples": BOTH_PARTS},
    arithmetic.with_gaps: {"earned": EARNED, "first_epoch": 986, "running_epoch": 991, "split_epoch": None},
    commission_flags.commission_flags: {
        "steps": (CommissionStep(5, 500, 1_200), CommissionStep(5, 1_200, 500)),
        "epochs": (EpochCommission(4, 500, 500, 500, 500), EpochCommission(5, 500, 500, 500, 1_200)),
    },
    commission_marks.commission_marks: {
        "steps": (CommissionStep(5, 500, 1_200), CommissionStep(5, 1_200, 500)),
        "epochs": (EpochCommission(4, 500, 500, 500, 500), EpochCommission(5, 500, 500, 500, 1_200)),
    },
    commission_marks.without_repeats: {
        "rows": (EpochCommission(4, 500, 500, 500, 500), EpochCommission(5, 500, 500, 500, 500))
    },
    concentration.concentration: {"members": (concentration.Member("a", 3), concentration.Member(None, 2))},
    concentration.superminority: {"stakes": MappingProxyType({"a": 3, "b": 2, "c": 1})},
    economics.apy: {"epochs": (EpochReturn(0.0002, 86_400), EpochReturn(0.0001, 86_400))},
    economics.apy_of: {"earned": (0.0002, 0.0001), "seconds": (86_400.0, 86_400.0)},
    economics.added_apy_of: {"earned": (0.00002, 0.00001), "seconds": (86_400, 86_400)},
    economics.added_apy: {"epochs": (EpochReturn(0.00002, 86_400), EpochReturn(0.00001, 86_400))},
    addresses.program_address: {"program": bytes(32), "seeds": (b"seed", b"\1" * 32)},
    look_alikes.name_marks: {"everybody": (look_alikes.Named("a", "b", "Kiln", 1),)},
    means.credit_mean: {"earners": ((5, 10), (7, 20)), "unit": "vote_credits"},
    operators.operators: {
        "everybody": (
            operators.Running("a", "n", withdrawer="w"),
            operators.Running("b", "m", withdrawer="w"),
        )
    },
    layouts.packed_credits: {"tuples": ((990, 350, 300), (991, 400, 350))},
    parsed_votes.parsed_vote_state: {"info": PARSED},
    plausible_votes.typical_vote: {"last_votes": (5, 0, 7)},
    pubkey.are_pubkeys: {"texts": ("1" * 32, "x")},
    performance.shares_of_mean: {"told": ((5, 10), (None, 3), (4, None))},
    performance.verdicts: {"works": WORKS, "unit": "lamports", "blocks": 5},
    performance.leader_part: {"works": WORKS, "blocks": 5},
    slot_times.slot_times: {"activations": ((400, 0), (200, 900))},
    slot_times.slot_ms_in: {"times": ((0, 400), (900, 200)), "epoch": 950},
    slot_times.epoch_of_slot: {
        "slot": 950,
        "epoch": 10,
        "first_slot": 1_000,
        "lengths": MappingProxyType({9: 100, 10: 100}),
    },
    stakes.summed: {
        "stakes": (stakes.Stake("w", "v", 5, 3, stakes.NEVER), stakes.Stake("w", "v", 7, 3, 9)),
        "epoch": 9,
        "withdrawer": "w",
    },
    standing.standing_of: {
        "stakes": (Stake("a", 5, Software("4.2.1", "agave")), Stake("b", 2, Software("", "")))
    },
    versions.current_versions: {"everybody": RUNNING},
    versions.current_version: {"stakes": ((VERSION, 5), (VERSION, 7))},
    whole_percent.meant: {"told": (500, 700), "seen": (550,)},
    whole_percent.still_meant: {
        "told": MappingProxyType({"a": 500}),
        "known": MappingProxyType({"a": 550}),
    },
    versions.is_current: {
        "version": VERSION,
        "client": versions.Client.AGAVE,
        "current": MappingProxyType({LINEAGE: VERSION}),
    },
}


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Those that say of themselves that they are pure."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(found.name)
        if "Pure" in (module.__doc__ or ""):
            yield module


def takes_several(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(word in str(one.annotation) for one in parameters for word in GROUPED)


def pure_functions() -> set[Callable[..., Any]]:
    return {
        function
        for module in modules(validators.solana)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_") and takes_several(function)
    }


def test_every_pure_function_that_takes_several_of_something_is_called_here() -> None:
    assert {one.__qualname__ for one in pure_functions()} == {one.__qualname__ for one in CALLS}


@pytest.mark.parametrize("function", CALLS, ids=lambda function: function.__qualname__)
def test_a_pure_function_takes_what_cannot_be_changed(function: Callable[..., Any]) -> None:
    given = CALLS[function]

    first, again = function(**given), function(**given)

    assert first == again


def parameters(path: Path) -> Iterator[tuple[str, str]]:
    """Each function's parameters with their types as written, those of private functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                if one.annotation is not None:
                    yield f"{path.name} {node.name}({one.arg})", ast.unparse(one.annotation)


def test_no_pure_function_asks_for_something_that_it_could_change() -> None:
    """What is typed as a Sequence or a Mapping the type checker lets nobody change."""
    paths = [
        Path(str(module.__file__))
        for package in (validators.solana, validators.scoring)
        for module in modules(package)
    ]
    assert len(paths) > 30
    asked = [
        where
        for path in paths
        for where, words in parameters(path)
        if words.startswith(MUTABLE) or words.removeprefix("Iterable[").startswith(MUTABLE)
    ]
    assert asked == []
