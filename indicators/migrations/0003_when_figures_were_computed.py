from django.db import migrations

# What is there already was computed when its figures were.
KNOWN = """
UPDATE submissions_submission s SET
  indicators_at = (SELECT max(computed_at) FROM indicators_indicatorvalue WHERE submission_id = s.id),
  steering_at = (SELECT max(computed_at) FROM indicators_steeringvalue WHERE submission_id = s.id)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("indicators", "0002_row_level_security"),
        ("submissions", "0004_when_figures_were_computed"),
    ]

    operations = [migrations.RunSQL(KNOWN, migrations.RunSQL.noop)]
