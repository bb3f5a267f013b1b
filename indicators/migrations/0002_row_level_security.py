"""The second wall: requests read the results of their own municipalities, and of publications only what left."""

from django.db import migrations

RESULTS = ("indicatorvalue", "steeringvalue")
POLICIES = """
REVOKE INSERT, UPDATE, DELETE ON indicators_{table} FROM kpr_web, kpr_registry;
ALTER TABLE indicators_{table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_municipalities ON indicators_{table} FOR SELECT TO kpr_web USING (
  submission_id IN (
    SELECT s.id FROM submissions_submission s
    WHERE s.municipality_id = ANY ((SELECT string_to_array(nullif(current_setting('kpr.municipalities', true), ''), ','))::text[])
  )
);
CREATE POLICY the_nation ON indicators_{table} FOR SELECT TO kpr_registry USING (true);
"""
NO_POLICIES = """
DROP POLICY own_municipalities ON indicators_{table};
DROP POLICY the_nation ON indicators_{table};
ALTER TABLE indicators_{table} DISABLE ROW LEVEL SECURITY;
"""
# The true counts behind a published table are for the next publication only.
PUBLISHED = """
REVOKE ALL ON indicators_publication, indicators_publication_tables, indicators_publishedtable FROM kpr_web, kpr_registry;
GRANT SELECT ON indicators_publication, indicators_publication_tables TO kpr_web, kpr_registry;
GRANT SELECT (id, indicator, version, year, digest, rows) ON indicators_publishedtable TO kpr_web, kpr_registry;
"""
AS_BEFORE = "GRANT SELECT, INSERT, UPDATE, DELETE ON indicators_publication, indicators_publication_tables, indicators_publishedtable TO kpr_web, kpr_registry;"


class Migration(migrations.Migration):
    dependencies = [
        ("indicators", "0001_results_and_publications"),
        ("submissions", "0002_row_level_security"),
    ]
    operations = [
        *(migrations.RunSQL(POLICIES.format(table=t), NO_POLICIES.format(table=t)) for t in RESULTS),
        migrations.RunSQL(PUBLISHED, AS_BEFORE),
    ]
