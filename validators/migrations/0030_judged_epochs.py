from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("validators", "0029_last_known_admission")]

    operations = [
        migrations.CreateModel(
            name="Judging",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("epochs", models.JSONField(default=list, help_text="That ran then; the newest last")),
            ],
        ),
    ]
