"""No statistics of which submission a row belongs to.

With them PostgreSQL took a submission that came in after they were made for a row or none, and one join of such "single" rows took
minutes; so they had to be made anew for every message. Without, it takes each submission for a two-hundredth of the table.
"""

from django.db import migrations

TABLES = ("person", "service", "temporarystop", "answer", "need")


def _set(target: int) -> str:
    return "".join(
        f"ALTER TABLE submissions_{table} ALTER COLUMN submission_id SET STATISTICS {target};" for table in TABLES
    )


class Migration(migrations.Migration):
    dependencies = [("submissions", "0001_the_record")]
    operations = [migrations.RunSQL(_set(0), _set(-1))]
