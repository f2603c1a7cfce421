from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jitprov', '0008_network_of_events'),
    ]

    operations = [
        migrations.AddField(
            model_name='testsignin',
            name='opened_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='opened on'),
        ),
        migrations.AddField(
            model_name='setuplink',
            name='voucher',
            field=models.CharField(blank=True, choices=[('', 'nobody'), ('account', 'the account that made it'), ('administrator', 'the account that made it, as an administrator of the tenant')], db_default='', default='', editable=False, max_length=20, verbose_name='rests on'),
        ),
    ]
