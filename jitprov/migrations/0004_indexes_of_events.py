import django.db.models.deletion
from django.db import migrations, models

from jitprov.conf import conf


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0003_unproved_refusals'),
    ]

    operations = [
        # First, so that no column is without an index that begins with it.
        migrations.AddIndex(
            model_name='provisioningevent',
            index=models.Index(fields=['created_at', 'outcome'], name='jitprov_event_by_day'),
        ),
        migrations.AlterField(
            model_name='provisioningevent',
            name='created_at',
            field=models.DateTimeField(auto_now_add=True, verbose_name='when'),
        ),
        migrations.AlterField(
            model_name='provisioningevent',
            name='tenant',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=conf.TENANT_MODEL, verbose_name='tenant'),
        ),
        migrations.AlterField(
            model_name='provisioningevent',
            name='identity_provider',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='events', to='jitprov.identityprovider', verbose_name='identity provider'),
        ),
        migrations.AlterField(
            model_name='consumedassertion',
            name='identity_provider',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='jitprov.identityprovider'),
        ),
    ]
