import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from jitprov.conf import conf


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0004_indexes_of_events'),
    ]

    operations = [
        # First, so that no column is without an index that begins with it.
        migrations.AddIndex(
            model_name='signingcertificate',
            index=models.Index(fields=['identity_provider', 'not_after', 'allow_expired'], name='jitprov_certificate_by_end'),
        ),
        migrations.AlterField(
            model_name='signingcertificate',
            name='identity_provider',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='certificates', to='jitprov.identityprovider'),
        ),
        migrations.AlterField(
            model_name='claimmapping',
            name='identity_provider',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='claim_mappings', to='jitprov.identityprovider'),
        ),
        migrations.AlterField(
            model_name='configurationchange',
            name='identity_provider',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='configuration_changes', to='jitprov.identityprovider', verbose_name='identity provider'),
        ),
        migrations.AlterField(
            model_name='configurationchange',
            name='tenant',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=conf.TENANT_MODEL, verbose_name='tenant'),
        ),
        migrations.AlterField(
            model_name='externalidentity',
            name='identity_provider',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='identities', to='jitprov.identityprovider', verbose_name='identity provider'),
        ),
        migrations.AlterField(
            model_name='grantedgroup',
            name='identity',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='granted_groups', to='jitprov.externalidentity'),
        ),
        migrations.AlterField(
            model_name='observedclaim',
            name='identity_provider',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='observed_claims', to='jitprov.identityprovider'),
        ),
        migrations.AlterField(
            model_name='tenantadministrator',
            name='user',
            field=models.ForeignKey(db_index=False, help_text='Also needs the staff status, to come into the admin at all.', on_delete=django.db.models.deletion.CASCADE, related_name='administered_tenants', to=settings.AUTH_USER_MODEL, verbose_name='user'),
        ),
    ]
