from django.db import migrations, models
import django.db.models.deletion


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('jitprov', '0012_values_that_do_not_fit'),
    ]

    operations = [
        migrations.AddField(
            model_name='identityprovider',
            name='everybody_group',
            field=models.ForeignKey(blank=True, help_text='Whoever comes in by this identity provider belongs to it.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='auth.group', verbose_name='group for everybody'),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='group_required_text',
            field=models.CharField(blank=True, db_default='', default='', help_text='Where only members of certain groups may come in. For example whom to ask. Shown to the person who is refused.', max_length=500, verbose_name='what people in none of the groups are told'),
        ),
        migrations.AddField(
            model_name='groupmapping',
            name='transforms',
            field=models.JSONField(blank=True, default=list, null=True, verbose_name='transforms'),
        ),
        migrations.AddField(
            model_name='groupmapping',
            name='admits',
            field=models.BooleanField(db_default=False, default=False, help_text='Where any row says so, nobody comes in who matches none of those rows.', verbose_name='only these may come in'),
        ),
        migrations.AlterField(
            model_name='groupmapping',
            name='group',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='auth.group', verbose_name='group'),
        ),
        migrations.AddConstraint(
            model_name='groupmapping',
            constraint=models.CheckConstraint(condition=models.Q(('group__isnull', False), ('admits', True), _connector='OR'), name='jitprov_group_mapping_does_something'),
        ),
    ]
