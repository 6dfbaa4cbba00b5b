"""What can go wrong in scheduling, by what a caller would do about it."""


class SchedulingError(Exception):
    """Base of this app's errors."""


class PublicError(Exception):
    """Its text is ours and for anybody to read: it names no person, holds no key, and repeats nobody."""


class UnknownNameError(SchedulingError):
    """A mode, a schedule or a task was named that does not exist."""


class RefusedError(SchedulingError):
    """Something an operator asked for that would make no sense, or do harm, as things stand."""


class WrongValueError(RefusedError):
    """A value that cannot be meant, however things stand."""


class DoneAlreadyError(RefusedError):
    """It is as it was asked to be, by somebody else who was faster maybe."""


class HeldError(RefusedError):
    """A row that is needed is locked by another session."""


class ConflictError(RefusedError):
    """Somebody else changed what one looked at and was about to change."""


class CadenceError(SchedulingError, PublicError):
    """A cadence that cannot be: an interval under a second, a cron that never fires, an unknown time zone."""


class SkipRun(SchedulingError, PublicError):
    """Raised by a task that has nothing to do; the run is recorded as skipped with this message."""


class RunLostError(SchedulingError, PublicError):
    """This run was given to somebody else while we worked on it; nothing of ours may be stored."""


class TimeLimitError(SchedulingError, PublicError):
    """The task was still running at its time limit and was ended."""


class TransactionLeftOpenError(SchedulingError, PublicError):
    """The task returned without committing or rolling back what it had begun."""


class AttemptError(SchedulingError):
    """What a task raised, in one line, where the thing itself would end the worker or fill a log."""


class PoolError(SchedulingError):
    """The processes of a pool cannot be started, or break as soon as they are."""


class DeliveryError(SchedulingError, PublicError):
    """Whoever is to be told of an alert could not be reached, or refused to listen."""


class UnreachableError(SchedulingError):
    """Somebody could not be asked; the message names the kind of failure and not the address."""
