import django.db.models.deletion
from django.db import migrations, models

from jitprov.migrations._steps import move_back, move_out


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0002_tenant_administration'),
    ]

    operations = [
        migrations.CreateModel(
            name='UnprovedRefusals',
            fields=[
                ('identity_provider', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='unproved_refusals', serialize=False, to='jitprov.identityprovider')),
                ('count', models.PositiveBigIntegerField(default=0)),
                ('counted_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'refusals of unproved origin',
                'verbose_name_plural': 'refusals of unproved origin',
            },
        ),
        migrations.RunPython(move_out, move_back),
        migrations.RemoveField(
            model_name='identityprovider',
            name='unverified_refusals',
        ),
    ]
