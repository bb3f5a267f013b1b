"""Says nothing any more: rights and policies of all tables are in kpr_portal/walls, applied after every `migrate`. Later migrations
build on this number."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("indicators", "0001_results_and_publications"), ("submissions", "0002_row_level_security")]
    operations: list = []
