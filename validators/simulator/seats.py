"""The places in the cluster: fixed in number, each with a temperament for whoever sits there."""

from dataclasses import dataclass

from validators.simulator.temperaments import Temperament, temperament_of


@dataclass(frozen=True, slots=True)
class Seat:
    """A place in the cluster; `key` is the label of everything drawn for it."""

    seed: int
    index: int
    temperament: Temperament
    key: str


def seats_of(seed: int, count: int) -> tuple[Seat, ...]:
    return tuple(
        Seat(seed, index, temperament_of(index, count=count), f"{seed}:{index}") for index in range(count)
    )
