from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("submissions", "0008_walls")]

    operations = [migrations.AddField("submission", "persons_gone", models.IntegerField(null=True))]
