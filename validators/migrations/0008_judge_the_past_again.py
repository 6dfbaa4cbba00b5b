"""Gives stored epochs the numbers that the new columns hold, and takes back returns that were too high.

The performance of vote credits is what readers worked out until now. Returns are worked out again when the
chain has told its slot times: those stored assumed the longest.
"""

from django.db import migrations

PERFORMANCES = """
    UPDATE validators_validatorepoch SET vote_performance = credits * 1.0 / (
        SELECT mean_credits FROM validators_clusterepoch cluster
        WHERE cluster.epoch = validators_validatorepoch.epoch
          AND cluster.credits_unit = 'vote_credits' AND cluster.mean_credits > 0
    )
    WHERE credits_unit = 'vote_credits' AND credits IS NOT NULL AND COALESCE(activated_stake, 1) > 0
"""
RETURNS = (
    "UPDATE validators_validatorepoch SET estimated_return = NULL WHERE estimated_return IS NOT NULL",
    "UPDATE validators_validator SET apy = NULL WHERE apy IS NOT NULL",
)


class Migration(migrations.Migration):
    dependencies = [("validators", "0007_todays_chain")]

    operations = [
        migrations.RunSQL([PERFORMANCES, *RETURNS], migrations.RunSQL.noop),
    ]
