"""The model, its rules and the explorer put together."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.proof import model, rules
from tests.proof.explorer import Explored, System, explore
from tests.proof.state import Configuration, Step


def explored(made: Configuration) -> Explored[Step]:
    """Every state of a configuration, or the shortest way to a broken rule."""
    system = System(
        initial=made.initial(),
        steps=partial(model.steps, made=made),
        canonical=partial(model.canonical, made=made),
        broken=partial(rules.broken, made=made),
        is_end=rules.is_end,
        counted_on=lambda step: step.name not in model.NOT_COUNTED_ON,
    )
    with _without_collector():
        return explore(system, rule_of_stuck=rules.LIVE)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of tuples, none in a circle: to look for circles among them takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
