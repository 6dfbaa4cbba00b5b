"""Scoring runs: the facts that are read for them, the runs stored, and computed again.

What a score is made of never stands here, that is `validators.scoring`. Start with `running`.
"""
