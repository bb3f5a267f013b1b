from django.db import migrations, models


class Migration(migrations.Migration):
    # Of earlier results it is not known which of the resolved were corrected: they have no such delta.
    dependencies = [("quality", "0004_reference_hashes")]

    operations = [
        migrations.AddField("checkresult", "corrected", models.IntegerField(null=True)),
        migrations.AddField("checkresult", "gone", models.IntegerField(null=True)),
        migrations.RemoveField("checkresult", "resolved"),
    ]
