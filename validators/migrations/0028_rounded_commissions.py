"""Takes back changes of commission that were none: a history's whole percent beside the basis points it is of.

Two whole percents are at least 100 basis points apart, so one of such a pair is ours.
"""

import secrets

from django.db import migrations
from django.db.models import F


def take_back(apps, schema_editor):
    changes = apps.get_model("validators", "CommissionChange").objects.using(schema_editor.connection.alias)
    deleted, _ = changes.filter(
        source="imported", to_bps__gt=F("from_bps") - 100, to_bps__lt=F("from_bps") + 100
    ).delete()
    if deleted:
        # Or whoever has an answer of before is told that it is still the same, until somebody else writes.
        marks = apps.get_model("validators", "PictureMark").objects.using(schema_editor.connection.alias)
        marks.update_or_create(writer="imports", defaults={"mark": secrets.randbits(56)})


class Migration(migrations.Migration):
    dependencies = [("validators", "0027_mev_commission_events")]

    operations = [migrations.RunPython(take_back, migrations.RunPython.noop, elidable=True)]
