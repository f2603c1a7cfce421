import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0009_tests_of_a_browser'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProposedTrust',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('columns', models.JSONField(default=dict)),
                ('certificates', models.JSONField(default=list)),
                ('removed', models.JSONField(default=list)),
                ('proposed_by', models.CharField(max_length=255, verbose_name='who')),
                ('via', models.CharField(choices=[('admin', 'the admin'), ('setup_link', 'a setup link'), ('api', 'the API'), ('command', 'a command'), ('code', 'the application')], max_length=20, verbose_name='how')),
                ('proposed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
                ('identity_provider', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='proposed_trust', to='jitprov.identityprovider')),
            ],
            options={
                'verbose_name': 'proposed trust',
                'verbose_name_plural': 'proposed trust',
            },
        ),
    ]
