import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0014_repeated_requests_and_relay_state'),
    ]

    operations = [
        migrations.AddField(
            model_name='externalidentity',
            name='session_endings',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='session_endings',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='session_hours',
            field=models.PositiveSmallIntegerField(blank=True, help_text='After that people sign in again. Leave this empty for what the application does.', null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(8760)], verbose_name='longest session, in hours'),
        ),
        migrations.CreateModel(
            name='SignInSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(editable=False, max_length=32, unique=True)),
                ('identity_endings', models.PositiveIntegerField(default=0, editable=False)),
                ('provider_endings', models.PositiveIntegerField(default=0, editable=False)),
                ('sealed_name_id', models.TextField(blank=True, editable=False)),
                ('session_index', models.CharField(blank=True, editable=False, max_length=512)),
                ('authn_context', models.CharField(blank=True, editable=False, max_length=512, verbose_name='authentication context')),
                ('authn_instant', models.DateTimeField(editable=False, verbose_name='authenticated on')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='signed in on')),
                ('ends_at', models.DateTimeField(editable=False, null=True, verbose_name='ends on')),
                ('kept_until', models.DateTimeField(db_index=True, editable=False)),
                ('identity', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to='jitprov.externalidentity', verbose_name='external identity')),
            ],
            options={
                'verbose_name': 'session of a sign-in',
                'verbose_name_plural': 'sessions of sign-ins',
            },
        ),
    ]
