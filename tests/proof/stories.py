"""A way through the model, told so that a person can follow it."""

from collections.abc import Iterator, Sequence

from tests.proof.state import STATES, Configuration, State, Step

# By the name of a step; {who} is its worker or dispatcher, {run} its occurrence.
SENTENCES = {
    "take": "Worker {who} takes a message and claims the run of occurrence {run}.",
    "take a doubled message": "Worker {who} claims the run of occurrence {run}; a second message is left.",
    "take, answer late": "Worker {who} claims the run of occurrence {run}; no answer comes for now.",
    "take, answer lost": "Worker {who} claims the run of occurrence {run}; the answer is lost.",
    "hear": "Worker {who} hears that it has the run of occurrence {run}, and begins the task.",
    "hear too late": "Worker {who} hears too late that it has occurrence {run}, and does not begin.",
    "answer lost": "Worker {who} will never hear whether it has the run of occurrence {run}.",
    "finish": "Worker {who} is done with the task of occurrence {run}; its end is not written yet.",
    "give back": "Worker {who} gives its claim of occurrence {run} back, if it still stands.",
    "end refused": "Worker {who} writes the end of occurrence {run}, and no row changes.",
    "store": "Worker {who} commits what the task of occurrence {run} wrote, without its end.",
    "succeed": "Worker {who} writes the run of occurrence {run} as succeeded.",
    "commit": "Worker {who} commits what the task of occurrence {run} wrote with its end; the task goes on.",
    "fail": "Worker {who} writes that the attempt at occurrence {run} failed.",
    "skip": "Worker {who} writes the run of occurrence {run} as skipped: its task had nothing to do.",
    "succeed, answer lost": "Worker {who} writes the run as succeeded, hears nothing, will write again.",
    "fail, answer lost": "Worker {who} writes that the attempt failed, hears nothing, will write again.",
    "skip, answer lost": "Worker {who} writes the run as skipped, hears nothing, will write again.",
    "give back, answer lost": "Worker {who} gives its claim back, hears nothing, will do so again.",
    "succeed and take": "Worker {who} ends its run and claims that of occurrence {run} in one statement.",
    "succeed and take, answer lost": "Worker {who} ends its run and claims {run}; the answer is lost.",
    "see due": "Dispatcher {who} reads that the schedule is due, standing at occurrence {run}.",
    "forget": "Dispatcher {who} comes to nothing: it dies, or the database does not answer.",
    "claim": "Dispatcher {who}, who saw the schedule at occurrence {run}, moves it on and writes the runs.",
    "claim by the old version": "Dispatcher {who} claims from occurrence {run}, whatever runs there are.",
    "claim refused": "Dispatcher {who}, who saw the schedule at occurrence {run}, moves nothing on.",
    "claim refused by the constraint": "Dispatcher {who} would write a second run; it is rolled back.",
    "move on": "Dispatcher {who} moves the schedule on from occurrence {run}, and has not written the runs.",
    "write rows": "Dispatcher {who} writes the runs from occurrence {run} on.",
    "look here": "Dispatcher {who} reads that the worker of occurrence {run}, of its own host, is dead.",
    "begin to watch": "Dispatcher {who} sees the heartbeat of occurrence {run} for the first time.",
    "look there": "Dispatcher {who} reads the run of occurrence {run}, of the other host, once more.",
    "leave alone": "Dispatcher {who} finds the lease of occurrence {run} not over.",
    "put back": "Dispatcher {who} takes the run of occurrence {run} back.",
    "put back nothing": "Dispatcher {who} would take occurrence {run} back, and no row changes.",
    "hand over": "Dispatcher {who} gives back what its stopped pool did, the run of occurrence {run}.",
    "hand over nothing": "Dispatcher {who} would give occurrence {run} back, and no row changes.",
    "restart": "Dispatcher {who} dies; another in its place has seen nothing yet.",
    "release": "A dispatcher queues the run of occurrence {run} and rings.",
    "release out of turn": "A dispatcher whose look is old queues the run of occurrence {run} and rings.",
    "release two at once": "Two dispatchers queue a run each, and neither sees the other's.",
    "ask again": "A dispatcher rings again for occurrence {run}.",
    "lose the message": "The message about occurrence {run} is lost.",
    "take over": "A newer run takes over that of occurrence {run}, which waits for another attempt.",
    "take over out of turn": "A dispatcher whose look is old has a newer run take over from {run}.",
    "tick": "A second and a half passes.",
    "wake": "Worker {who} goes on, or reaches the database again.",
    "die": "The process of worker {who} is killed; another stands in its place.",
    "stall": "Worker {who} is stopped, or cut off from the database.",
    "lose the host": "Host {who} goes away for good, with its worker and its dispatcher.",
    "pause": "An operator pauses the schedule.",
    "resume": "The schedule is resumed, with occurrence {run} next.",
    "set back": "An operator sets the schedule back to occurrence {run}.",
    "cancel": "An operator cancels what waits.",
    "retry": "An operator lets the run of occurrence {run} begin anew.",
    "backfill": "An operator asks for a backfill of occurrence {run}.",
    "deploy": "Worker {who} is stopped for another version, its run not given back yet.",
}
# What each broken rule means, where the steps are over.
BROKEN = {
    "CLAIM-1": "That occurrence has two runs now.",
    "CLAIM-2": "The schedule does not stand later than before.",
    "CLAIM-3": "An occurrence is passed over: it has no run, and is counted nowhere.",
    "PAUSE-1": "The schedule was paused when it was moved on.",
    "PAUSE-2": "The schedule was paused when that was queued.",
    "ASK-1": "The run was under way.",
    "ONCE-1": "Two processes execute that run now.",
    "ONCE-2": "A worker executes it under its claim, and the ledger does not say that it runs.",
    "FENCE-1": "That claim was not in force any more.",
    "FENCE-2": "That claim was not in force any more: what is given back is another's.",
    "RECOVER-1": "Its worker is alive, and at it.",
    "WATCH-1": "The watchdog is still set, and will end a process that holds no lease.",
    "EFFECT-1": "What the task wrote and what the ledger says are not one.",
    "ATTEMPT-1": "The task was begun once more often than it has attempts.",
    "OVERLAP-1": "Two runs of a job whose runs may not overlap are under way.",
    "END-1": "It had ended.",
    "LIVE-1": "From here no step that comes by itself leads to the end of every occurrence.",
}


def story(way: Sequence[Step], *, rule: str, made: Configuration) -> str:
    """Numbered sentences, each with what the ledger then says, and the rule that is broken in the end."""
    return "\n".join((*_lines(way, made.initial()), f"    [{rule}] is broken. {BROKEN[rule]}"))


def _lines(way: Sequence[Step], before: State) -> Iterator[str]:
    for number, step in enumerate(way, 1):
        said = SENTENCES[step.name].format(who="AB"[step.who], run=step.run + 1)
        changed = _ledger(step.state) if step.state.rows != before.rows else ""
        yield f"{number:3} {said}{changed}"
        before = step.state


def _ledger(state: State) -> str:
    rows = (
        f"{run}: {STATES[row.state]}" + (f", attempt {row.attempt}" if row.attempt else "")
        for run, row in enumerate(state.rows, 1)
        if row.state
    )
    return f"  ({'; '.join(rows)})"
