from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0013_groups_without_code'),
    ]

    operations = [
        migrations.AddField(
            model_name='identityprovider',
            name='follow_relay_state',
            field=models.BooleanField(db_default=False, default=False, help_text='For accepted sign-ins from a portal: its RelayState, if it is a path here.', verbose_name='go to the page that the portal names'),
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('request_digest', models.CharField(max_length=64)),
                ('made', models.CharField(blank=True, max_length=40, verbose_name='primary key of what was made')),
                ('created_at', models.DateTimeField(auto_now_add=True, db_index=True, verbose_name='used on')),
            ],
            options={
                'verbose_name': 'idempotency key',
                'verbose_name_plural': 'idempotency keys',
            },
        ),
    ]
