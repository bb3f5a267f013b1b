from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("submissions", "0007_references_masked")]

    operations = [migrations.AddField("submission", "persons_gone", models.IntegerField(null=True))]
