import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0006_allow_privileged'),
    ]

    # So that processes of the first release, which know none of these columns, can go on writing while they are replaced.
    operations = [
        migrations.AlterField(
            model_name='externalidentity',
            name='provenance',
            field=models.JSONField(db_default={}, default=dict, editable=False, verbose_name='where its values come from'),
        ),
        migrations.AlterField(
            model_name='grantedgroup',
            name='claim',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=512, verbose_name='claim'),
        ),
        migrations.AlterField(
            model_name='grantedgroup',
            name='created_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, editable=False, verbose_name='granted on'),
        ),
        migrations.AlterField(
            model_name='grantedgroup',
            name='reference',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=10, verbose_name='reference'),
        ),
        migrations.AlterField(
            model_name='grantedgroup',
            name='value',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=512, verbose_name='value'),
        ),
        migrations.AlterField(
            model_name='groupmapping',
            name='name',
            field=models.CharField(blank=True, db_default='', default='', help_text='Optional: what the directory calls the group, where the value is only an ID.', max_length=200, verbose_name='its name there'),
        ),
        migrations.AlterField(
            model_name='identityprovider',
            name='metadata_error',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=50, verbose_name='why the metadata could not be fetched'),
        ),
        migrations.AlterField(
            model_name='identityprovider',
            name='metadata_url',
            field=models.URLField(blank=True, db_default='', default='', help_text='Where its metadata is fetched from, again and again.', max_length=2048, verbose_name='metadata URL'),
        ),
        migrations.AlterField(
            model_name='identityprovider',
            name='tested_digest',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=64),
        ),
        migrations.AlterField(
            model_name='provisioningevent',
            name='claims',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AlterField(
            model_name='provisioningevent',
            name='details',
            field=models.JSONField(db_default={}, default=dict, verbose_name='details'),
        ),
        migrations.AlterField(
            model_name='provisioningevent',
            name='email_digest',
            field=models.CharField(blank=True, db_default='', db_index=True, default='', editable=False, max_length=64),
        ),
    ]
