from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0018_due_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='signinsession',
            name='name_id_digest',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=64),
        ),
        migrations.AddIndex(
            model_name='signinsession',
            index=models.Index(fields=['name_id_digest'], name='jitprov_session_by_name_id'),
        ),
    ]
