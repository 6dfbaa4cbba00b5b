from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("validators", "0010_endpoints")]

    operations = [
        migrations.AddField(
            model_name="validatorepoch",
            name="delinquent_at_end",
            field=models.BooleanField(
                blank=True, help_text="In the last fetch of the epoch that saw it", null=True
            ),
        ),
        migrations.AddField(
            model_name="validatorepoch",
            name="end_performance",
            field=models.FloatField(
                blank=True,
                help_text="In a stretch before the epoch's last snapshot, against the median",
                null=True,
            ),
        ),
    ]
