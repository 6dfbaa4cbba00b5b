"""What pages say that changes while the picture stays: all of it, so that whoever keeps a page knows when."""

from datetime import datetime

from validators.monitoring.admission import time_left
from validators.monitoring.readiness import stale_data
from validators.reading.picture import current_picture


def clock_words(*, now: datetime) -> str:
    """The sentence about old data and the time that is left of the epoch; a few queries.

    How old things are is said by the browser (`ages.js`), for that changes every second.
    """
    epoch = current_picture().epoch
    left = "" if epoch is None else time_left(epoch, now=now)
    return f"{stale_data(now=now)} {left}"
