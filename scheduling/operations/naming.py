"""The job that somebody means."""

from scheduling.exceptions import UnknownNameError
from scheduling.models import Job


def job_named(name: str) -> Job:
    """The scheduled job of that name; raises `UnknownNameError` with the names there are."""
    jobs = Job.objects.filter(schedule__isnull=False).select_related("schedule", "after")
    try:
        return jobs.get(name=name)
    except Job.DoesNotExist:
        names = ", ".join(job.name for job in jobs.order_by("name"))  # of those alone whose row is there
        there_are = f"there are: {names}" if names else "there are none, and `scheduler setup` makes them"
        raise UnknownNameError(f"There is no schedule named {name!r}; {there_are}.") from None
