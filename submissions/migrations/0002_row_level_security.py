"""Says nothing any more: rights and policies of all tables are in kpr_portal/walls, applied after every `migrate`. Later migrations
build on this number."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("submissions", "0001_the_record"), ("municipalities", "0001_ground")]
    operations: list = []
