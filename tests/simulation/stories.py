"""A run of the simulation, as a person follows it."""

from tests.simulation.simulation import Found

# Of the last steps everything is told.
LAST = 12


def story(found: Found) -> str:
    """Its faults, what changed, and the last steps in full."""
    plan = found.plan
    # Of looks at clocks there are too many.
    trace = [line for line in found.trace if "looks at the " not in line]
    cut = max(len(trace) - LAST, 0)
    told = [line for line in trace[:cut] if "  * " in line] + trace[cut:]
    free = sum(min(last, found.steps) - first for first, last in plan.choices.free)
    return "\n".join(
        [
            f"seed {plan.seed}, {plan.hosts} host(s), {len(plan.faults)} faults, {free:.0f} of "
            f"{found.steps} steps chosen freely:",
            *(f"  {fault}" for fault in plan.faults),
            *(f"  {line}" for line in told),
            f"  {found.what}",
        ]
    )
