from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0015_sessions_of_sign_ins'),
    ]

    operations = [
        migrations.AddField(
            model_name='identityprovider',
            name='required_contexts',
            field=models.TextField(blank=True, db_default='', default='', help_text='One URI a line, not asked for. Who comes with none of them is refused.', verbose_name='authentication contexts to require'),
        ),
        migrations.AlterField(
            model_name='identityprovider',
            name='authn_contexts',
            field=models.TextField(blank=True, help_text='One URI a line; usually empty: Entra refuses most. Others are refused.', verbose_name='authentication contexts to ask for'),
        ),
    ]
