"""Row-level security: the second wall behind Access.

Requests run as kpr_web (own municipalities) or kpr_registry (the nation); workers and commands run as the owner, who loads
by COPY, which PostgreSQL refuses under a policy. Two roles rather than one policy with OR keep the indexes in use.
"""

from django.db import migrations

PERSON_LEVEL = ("person", "service", "temporarystop", "answer", "need")

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kpr_web') THEN CREATE ROLE kpr_web NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'kpr_registry') THEN CREATE ROLE kpr_registry NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT kpr_web, kpr_registry TO CURRENT_USER;
GRANT USAGE ON SCHEMA public TO kpr_web, kpr_registry;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO kpr_web, kpr_registry;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO kpr_web, kpr_registry;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO kpr_web, kpr_registry;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO kpr_web, kpr_registry;
REVOKE UPDATE, DELETE ON municipalities_auditevent FROM kpr_web, kpr_registry;
"""

POLICIES = """
REVOKE INSERT, UPDATE, DELETE ON submissions_{table} FROM kpr_web, kpr_registry;
ALTER TABLE submissions_{table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_municipalities ON submissions_{table} FOR SELECT TO kpr_web USING (
  municipality_id = ANY ((SELECT string_to_array(nullif(current_setting('kpr.municipalities', true), ''), ','))::text[])
);
CREATE POLICY the_nation ON submissions_{table} FOR SELECT TO kpr_registry USING (true);
"""

NO_POLICIES = """
DROP POLICY own_municipalities ON submissions_{table};
DROP POLICY the_nation ON submissions_{table};
ALTER TABLE submissions_{table} DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("submissions", "0001_the_record"), ("municipalities", "0001_ground")]
    operations = [
        migrations.RunSQL(ROLES, migrations.RunSQL.noop),
        *(migrations.RunSQL(POLICIES.format(table=t), NO_POLICIES.format(table=t)) for t in PERSON_LEVEL),
    ]
