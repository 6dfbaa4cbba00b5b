"""Tells apart what is final of the stored epochs, and which changes of commission were seen twice.

An ended epoch's credits are final when they were written, or left as they were, by a look in a later epoch
that still was sent their tuple (a node sends five); what a file or the account itself told is final too. All
else is as far as our looks got. What was worked out from that is taken back.
"""

from django.db import migrations, models


# The epoch that runs; without a fetch all that is stored is history.
RUNNING = "(SELECT COALESCE(MAX(epoch), 9223372036854775807) FROM validators_fetch)"
NOT_FINAL = f"""
    UPDATE validators_validatorepoch SET credits_final = FALSE
    WHERE credits IS NULL OR epoch >= {RUNNING} OR (
        source = 'live'
        AND fetches > 0
        AND NOT EXISTS (
            SELECT 1 FROM validators_validatorepoch later
            WHERE later.validator_id = validators_validatorepoch.validator_id
              AND later.epoch BETWEEN validators_validatorepoch.epoch + 1 AND validators_validatorepoch.epoch + 4
              AND later.source = 'live' AND later.fetches > 0
        )
        AND NOT EXISTS (
            SELECT 1 FROM validators_clusterepoch following
            WHERE following.epoch = validators_validatorepoch.epoch + 1
              AND following.first_fetch_at <= validators_validatorepoch.fetched_at
        )
    )
"""
UNFINISHED = f"credits_final = FALSE AND credits IS NOT NULL AND epoch < {RUNNING}"
TAKEN_BACK = f"""
    UPDATE validators_validatorepoch SET vote_performance = NULL, estimated_return = NULL
    WHERE {UNFINISHED}
"""
# A mean of which half is of a part of the epoch is no mean of it; a few who left move it by less than shows.
MEANS_NOT_FINAL = f"""
    UPDATE validators_clusterepoch SET credits_final = FALSE
    WHERE mean_credits IS NULL OR epoch >= {RUNNING} OR (
        SELECT COALESCE(SUM(activated_stake), 0) FROM validators_validatorepoch one
        WHERE one.epoch = validators_clusterepoch.epoch AND one.credits IS NOT NULL AND one.credits_final = FALSE
    ) * 2 > (
        SELECT COALESCE(SUM(activated_stake), 0) FROM validators_validatorepoch one
        WHERE one.epoch = validators_clusterepoch.epoch AND one.credits IS NOT NULL
    )
"""
MEANS_TAKEN_BACK = f"""
    UPDATE validators_clusterepoch SET mean_credits = NULL, credit_stake_sum = NULL
    WHERE credits_final = FALSE AND epoch < {RUNNING}
"""
COMMISSIONS = "UPDATE validators_validator SET commission_confirmed_bps = commission_bps"
# All but those that the very next fetch did not show any more, where that is still known.
CONFIRMED = """
    UPDATE validators_commissionchange SET confirmed_at = seen_at
    WHERE NOT EXISTS (
        SELECT 1 FROM validators_commissionchange following
        WHERE following.validator_id = validators_commissionchange.validator_id
          AND following.seen_at > validators_commissionchange.seen_at
          AND EXISTS (
              SELECT 1 FROM validators_fetch look WHERE look.stored_at = validators_commissionchange.seen_at
          )
          AND NOT EXISTS (
              SELECT 1 FROM validators_fetch look
              WHERE look.stored_at > validators_commissionchange.seen_at
                AND look.stored_at < following.seen_at
          )
    )
"""
VERSIONS = f"""
    UPDATE validators_validator SET version_epoch = {RUNNING}
    WHERE version <> '' AND EXISTS (SELECT 1 FROM validators_fetch)
"""
STATEMENTS = (NOT_FINAL, TAKEN_BACK, MEANS_NOT_FINAL, MEANS_TAKEN_BACK, COMMISSIONS, CONFIRMED, VERSIONS)


class Migration(migrations.Migration):

    dependencies = [
        ('validators', '0008_judge_the_past_again'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='commissionchange',
            name='commission_change_history',
        ),
        migrations.AddField(
            model_name='clusterepoch',
            name='credits_final',
            field=models.BooleanField(db_default=True, help_text='Both are of numbers that will not change, the epoch being over'),
        ),
        migrations.AddField(
            model_name='commissionchange',
            name='confirmed_at',
            field=models.DateTimeField(blank=True, help_text='When a second look saw it too; none has while this is empty', null=True),
        ),
        migrations.AddField(
            model_name='commissionchange',
            name='source',
            field=models.CharField(choices=[('live', 'Live'), ('imported', 'Imported'), ('account', 'Account')], db_default='live', max_length=8),
        ),
        migrations.AddField(
            model_name='validator',
            name='commission_confirmed_bps',
            field=models.IntegerField(blank=True, help_text='The last that two looks agreed on', null=True),
        ),
        migrations.AddField(
            model_name='validator',
            name='version_epoch',
            field=models.BigIntegerField(blank=True, help_text='In which gossip last told its version', null=True),
        ),
        migrations.AddField(
            model_name='validatorepoch',
            name='credits_final',
            field=models.BooleanField(db_default=True, help_text='The epoch was over when these were seen, so they will not change'),
        ),
        migrations.AlterField(
            model_name='commissionchange',
            name='seen_at',
            field=models.DateTimeField(blank=True, help_text='Unknown in an imported history', null=True),
        ),
        migrations.AddIndex(
            model_name='commissionchange',
            index=models.Index(fields=['validator', '-epoch', '-seen_at', '-id'], name='commission_change_by_epoch'),
        ),
        migrations.RunSQL(list(STATEMENTS), migrations.RunSQL.noop),
    ]
