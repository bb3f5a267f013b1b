"""Row-level security on the offending rows: they name persons by the municipality's own numbers."""

from django.db import migrations

POLICIES = """
REVOKE INSERT, UPDATE, DELETE ON quality_findingrow FROM kpr_web, kpr_registry;
ALTER TABLE quality_findingrow ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_municipalities ON quality_findingrow FOR SELECT TO kpr_web USING (
  result_id IN (
    SELECT r.id FROM quality_checkresult r JOIN submissions_submission s ON s.id = r.submission_id
    WHERE s.municipality_id = ANY ((SELECT string_to_array(nullif(current_setting('kpr.municipalities', true), ''), ','))::text[])
  )
);
CREATE POLICY the_nation ON quality_findingrow FOR SELECT TO kpr_registry USING (true);
"""
NO_POLICIES = """
DROP POLICY own_municipalities ON quality_findingrow;
DROP POLICY the_nation ON quality_findingrow;
ALTER TABLE quality_findingrow DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("quality", "0001_results"), ("submissions", "0002_row_level_security")]
    operations = [migrations.RunSQL(POLICIES, NO_POLICIES)]
