"""A condition: no run on Saturdays and Sundays, by the day of the occurrence."""

from scheduling.conditions import Occasion

SATURDAY = 5


def working_days(occasion: Occasion) -> str:
    """Why the run should not happen, or nothing."""
    day = occasion.occurrence
    return f"{day:%A} is no working day" if day.weekday() >= SATURDAY else ""
