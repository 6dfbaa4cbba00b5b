"""trust-v3 on recorded mainnet, and on the same history as today's chain would have paid it."""

import sys
from statistics import correlation, fmean
from typing import NamedTuple

import pytest

from tests.conftest import RECORDED
from tests.validators.scoring.alpenglow import rewritten
from validators.scoring.backtest.judging import Judgement, judgement
from validators.scoring.backtest.truth import truth
from validators.scoring.facts import Assessment
from validators.scoring.timeline import Timeline, facts_at, timeline
from validators.scoring.trust_v3.method import assess
from validators.scoring.trust_v3.tables import judged_tables
from validators.services.scores.recorded import _file_rows

MAINNET = RECORDED / "mainnet_epochs_full.csv.gz"
SOL = 1_000_000_000
FROM, FIRST, LAST = 866, 921, 949
# Every fifth epoch: enough to tell, in a fifth of the time.
SCORED = range(FIRST, LAST + 1, 5)

pytestmark = [
    pytest.mark.storm,
    pytest.mark.skipif(not MAINNET.exists(), reason="the recorded epochs are not here"),
]


class Worlds(NamedTuple):
    """The figures of each, both against what really became of everybody, and all scores by epoch."""

    tower: Judgement
    lamports: Judgement
    tower_scores: dict[int, dict[str, Assessment]]
    lamport_scores: dict[int, dict[str, Assessment]]
    lamport_history: Timeline


def told(sentence: str) -> None:
    """For whoever runs this with `pytest -s`: docs/scoring.md has these."""
    sys.stdout.write(f"{sentence}\n")


def scores(history: Timeline) -> dict[int, dict[str, Assessment]]:
    return {
        # Those that had not seen these epochs.
        epoch: {one.validator.vote_account: one for one in assess(facts_at(history, epoch), judged_tables())}
        for epoch in SCORED
    }


@pytest.fixture(scope="module")
def worlds() -> Worlds:
    rows = [one for one in _file_rows(MAINNET) if one.row.epoch >= FROM]
    tower, lamports = timeline(rows), timeline(rewritten(rows))
    known = truth(tower, first=FIRST, last=LAST)
    found = [scores(history) for history in (tower, lamports)]
    judged = [
        judgement(
            {
                epoch: {key: (one.score, one.risk) for key, one in said.items()}
                for epoch, said in each.items()
            },
            known,
        )
        for each in found
    ]
    return Worlds(judged[0], judged[1], found[0], found[1], lamports)


def test_little_is_lost_where_half_of_the_reward_is_luck(worlds: Worlds) -> None:
    tower, lamports = worlds.tower.sets["alive"], worlds.lamports.sets["alive"]
    assert tower.auc is not None
    assert lamports.auc is not None
    told(f"AUC {tower.auc:.4f} and {lamports.auc:.4f}")
    told(f"AP {tower.average_precision:.4f} and {lamports.average_precision:.4f}")
    assert lamports.auc >= tower.auc - 0.005
    assert lamports.average_precision >= tower.average_precision - 0.02


def test_who_votes_perfectly_moves_by_half_a_point_at_most(worlds: Worlds) -> None:
    moved = []
    for epoch, said in worlds.tower_scores.items():
        for key, one in said.items():
            past = one.validator.past
            if len(past.performance) >= 30 and all((p or 0.0) >= 0.999 for p in past.performance):
                moved.append(abs(one.score - worlds.lamport_scores[epoch][key].score))
    told(f"{len(moved)} perfect, moved by {max(moved):.3f} at most")
    assert len(moved) > 500
    assert max(moved) <= 0.5


def test_no_score_knows_the_luck_of_the_draw(worlds: Worlds) -> None:
    """On the mean over the epochs: in a single one the few scores that move may fall either way."""
    found = [luck_of(worlds, epoch) for epoch in SCORED]
    told(f"luck and what it moved: {fmean(found):.3f} on the mean of {len(found)} epochs")
    assert abs(fmean(found)) < 0.2


def luck_of(worlds: Worlds, epoch: int) -> float:
    """How the luck of ten epochs and what the rewriting moved a score by correlate."""
    rows = [
        worlds.lamport_history[at].rows for at in range(epoch - 9, epoch + 1) if at in worlds.lamport_history
    ]
    moved, luck = [], []
    for key, one in worlds.lamport_scores[epoch].items():
        stake = one.validator.activated_stake
        if 100_000 * SOL <= stake < 1_000_000 * SOL and (one.risk or 0) <= 0.05:
            slots = sum(found.leader_slots or 0 for each in rows if (found := each.get(key)))
            moved.append(one.score - worlds.tower_scores[epoch][key].score)
            luck.append(slots / stake)
    return correlation(moved, luck)
