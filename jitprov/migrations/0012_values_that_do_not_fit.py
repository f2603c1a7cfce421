from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0011_what_is_left_of_deleted'),
    ]

    operations = [
        migrations.AddField(
            model_name='claimmapping',
            name='when_invalid',
            field=models.CharField(choices=[('keep', 'keep the field'), ('clear', 'empty the field'), ('refuse', 'refuse the person')], db_default='keep', default='keep', help_text='A required value that does not fit always refuses the person.', max_length=6, verbose_name='with a value that does not fit'),
        ),
    ]
