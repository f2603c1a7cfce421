from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

BATCH = 1000


def move_out(apps: Any, schema_editor: Any) -> None:
    """Copy what the identity providers have counted to rows of their own."""
    alias = schema_editor.connection.alias
    counted = apps.get_model('jitprov', 'IdentityProvider').objects.using(alias).filter(unverified_refusals__gt=0)
    model = apps.get_model('jitprov', 'UnprovedRefusals')
    at = timezone.now()
    model.objects.using(alias).bulk_create(
        [
            model(identity_provider_id=key, count=count, counted_at=at)
            for key, count in counted.values_list('pk', 'unverified_refusals')
        ],
        batch_size=BATCH,
    )


def move_back(apps: Any, schema_editor: Any) -> None:
    """Copy what the rows have counted to the identity providers."""
    alias = schema_editor.connection.alias
    counts = apps.get_model('jitprov', 'UnprovedRefusals').objects.using(alias)
    its_count = counts.filter(pk=OuterRef('pk')).values('count')
    apps.get_model('jitprov', 'IdentityProvider').objects.using(alias).update(
        unverified_refusals=Coalesce(Subquery(its_count), 0)
    )


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
