from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("submissions", "0003_lighter_indexes")]

    operations = [
        migrations.AddField("submission", "indicators_at", models.DateTimeField(null=True)),
        migrations.AddField("submission", "steering_at", models.DateTimeField(null=True)),
    ]
