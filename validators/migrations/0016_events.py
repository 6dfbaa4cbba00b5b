import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('validators', '0015_inputs_as_they_are'),
    ]

    operations = [
        migrations.CreateModel(
            name='EventTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('newest', models.BigIntegerField(default=0, help_text='Number of the newest event')),
                ('forgotten', models.BigIntegerField(default=0, help_text='Up to this number none is kept')),
                ('forgotten_at', models.DateTimeField(blank=True, help_text='When that one was seen', null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ToldRanks',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('method', models.CharField(max_length=50)),
                ('version', models.CharField(max_length=20)),
                ('ranks', models.JSONField(default=dict, help_text="By the validator's key, which JSON makes text")),
            ],
            options={
                'verbose_name_plural': 'told ranks',
            },
        ),
        migrations.CreateModel(
            name='ValidatorEvent',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(help_text='When the change was seen')),
                ('epoch', models.BigIntegerField(help_text='Running when the change was seen')),
                ('kind', models.CharField(choices=[('joined', 'joined the cluster'), ('left', 'left the cluster'), ('commission', 'commission changed'), ('commission_confirmed', 'commission confirmed by a second look'), ('delinquency_began', 'delinquency began'), ('delinquency_ended', 'delinquency ended'), ('identity', 'identity changed'), ('admission_lost', 'admission lost'), ('admission_regained', 'admission regained'), ('version', 'version changed'), ('superminority_entered', 'entered the superminority'), ('superminority_left', 'left the superminority'), ('rank', 'rank moved'), ('bad_epoch', 'bad epoch')], max_length=24)),
                ('facts', models.JSONField(default=dict, help_text='See validators.services.events')),
                ('validator', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='validators.validator')),
            ],
            options={
                'indexes': [models.Index(fields=['validator', 'number'], name='validator_event_history'), models.Index(fields=['kind', 'number'], name='validator_event_by_kind'), models.Index(fields=['at', 'number'], name='validator_event_by_time')],
            },
        ),
    ]
