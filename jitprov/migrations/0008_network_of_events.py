from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0007_defaults_in_the_database'),
    ]

    operations = [
        migrations.AddField(
            model_name='provisioningevent',
            name='network',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=43, verbose_name='network'),
        ),
    ]
