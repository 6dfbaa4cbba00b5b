"""What was known last of who will be let in, so that nothing is news to who was never known."""

from django.db import migrations, models
from django.db.models import F


def remember(apps, schema_editor):
    """The verdict that stands; where nobody can tell now, the one that was told last."""
    database = schema_editor.connection.alias
    states = apps.get_model("validators", "VoteState").objects.using(database)
    events = apps.get_model("validators", "ValidatorEvent").objects.using(database)
    states.exclude(after_next="unknown").update(last_known=F("after_next"))
    verdicts = {"admission_lost": "out", "admission_regained": "ok"}
    told = events.filter(kind__in=verdicts).order_by("number")
    last = dict(told.values_list("validator_id", "kind"))
    for kind, verdict in verdicts.items():
        keys = [key for key, newest in last.items() if newest == kind]
        states.filter(after_next="unknown", validator_id__in=keys).update(last_known=verdict)


class Migration(migrations.Migration):
    dependencies = [("validators", "0028_rounded_commissions")]

    operations = [
        migrations.AddField(
            model_name="votestate",
            name="last_known",
            field=models.CharField(
                blank=True,
                choices=[("ok", "Ok"), ("out", "Out"), ("unknown", "Unknown")],
                db_default="",
                help_text="What of the set after next was known last; empty when it never was",
                max_length=8,
            ),
        ),
        migrations.RunPython(remember, migrations.RunPython.noop, elidable=True),
    ]
