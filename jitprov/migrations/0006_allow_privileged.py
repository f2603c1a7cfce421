from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0005_indexes_that_others_cover'),
    ]

    operations = [
        migrations.AddField(
            model_name='externalidentity',
            name='allow_privileged',
            field=models.BooleanField(db_default=False, default=False, help_text='Also if they can do more than this tenant may decide about. Whoever runs the identity provider can act as them.', verbose_name='let this person in whatever they can do'),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='allow_privileged',
            field=models.BooleanField(db_default=False, default=False, help_text='For your own staff: whoever runs this identity provider can act as them.', verbose_name='let people in who can do more than this tenant may decide about'),
        ),
    ]
