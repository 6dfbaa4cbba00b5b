"""Takes back changes of commission that were none: a history's whole percent beside the basis points it is of.

Two whole percents are at least 100 basis points apart, so one of such a pair is ours.
"""

from django.db import migrations
from django.db.models import F


def take_back(apps, schema_editor):
    changes = apps.get_model("validators", "CommissionChange").objects.using(schema_editor.connection.alias)
    changes.filter(
        source="imported", to_bps__gt=F("from_bps") - 100, to_bps__lt=F("from_bps") + 100
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("validators", "0027_mev_commission_events")]

    operations = [migrations.RunPython(take_back, migrations.RunPython.noop, elidable=True)]
