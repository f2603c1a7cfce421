from django.db import migrations, models

from jitprov.migrations import _steps


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0016_required_contexts'),
    ]

    operations = [
        migrations.AddField(
            model_name='externalidentity',
            name='ended_account',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='externalidentity',
            name='ended_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='blocked on'),
        ),
        migrations.AddField(
            model_name='externalidentity',
            name='ended_by',
            field=models.CharField(blank=True, choices=[('saml', 'SAML'), ('scim', 'SCIM'), ('graph', 'Microsoft Graph'), ('admin', 'the admin'), ('api', 'the API'), ('command', 'a command'), ('code', 'the application'), ('date', 'a leaving date')], db_default='', default='', editable=False, max_length=10, verbose_name='blocked by'),
        ),
        migrations.AddField(
            model_name='externalidentity',
            name='ended_reason',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=200, verbose_name='reason'),
        ),
        migrations.AddField(
            model_name='externalidentity',
            name='leaves_at',
            field=models.DateTimeField(blank=True, db_index=True, help_text='From then on the person is blocked. Usually empty.', null=True, verbose_name='leaving date'),
        ),
        migrations.AddField(
            model_name='externalidentity',
            name='made_account',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='formeridentity',
            name='made_account',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='provisioningevent',
            name='outcome',
            field=models.CharField(choices=[('created', 'created'), ('updated', 'updated'), ('unchanged', 'unchanged'), ('refused', 'refused'), ('restarted', 'restarted from our side'), ('ended', 'access ended'), ('returned', 'access given back'), ('kept', 'access kept'), ('error', 'error')], max_length=10, verbose_name='outcome'),
        ),
        migrations.AlterField(
            model_name='provisioningevent',
            name='source',
            field=models.CharField(choices=[('saml', 'SAML'), ('scim', 'SCIM'), ('graph', 'Microsoft Graph'), ('admin', 'the admin'), ('api', 'the API'), ('command', 'a command'), ('code', 'the application'), ('date', 'a leaving date')], default='saml', max_length=10, verbose_name='source'),
        ),
        migrations.RunPython(_steps.mark_made, migrations.RunPython.noop, elidable=True),
    ]
