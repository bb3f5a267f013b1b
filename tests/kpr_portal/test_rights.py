"""What PostgreSQL itself lets each login do: table by table, row by row, and with the tricks of one who runs SQL of their own.

Real sessions under the real logins, in the embedded database.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from psycopg import errors, sql

from indicators import actions as indicators
from kpr_portal.local.embedded import EmbeddedPostgres
from kpr_portal.walls import roles
from kpr_portal.walls.applying import apply, tables
from kpr_portal.walls.rights import TABLES
from municipalities import database
from municipalities.access import Access, digest
from municipalities.database import OWNER, REGISTRY, WEB, WORKER
from municipalities.models import AuditEvent, Membership, Role, Token, Unit, User
from submissions import actions
from submissions.models import Channel, Submission
from submissions.receive import receive
from tests.conftest import DATA_DIR
from tests.logins import log_in, tell
from tests.messages import Bruker, message, people, service
from tests.portal_process import MANAGE, ROOT

pytestmark = pytest.mark.django_db
OWN, OTHER = "0301", "1103"
SENDER = Access(name="nation", municipalities=None, scopes=frozenset({"submit"}))
COMMANDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
LOGINS = (WEB, REGISTRY, WORKER)
REFUSED = (errors.InsufficientPrivilege, errors.ActiveSqlTransaction, errors.FeatureNotSupported)
UNITS = ("974760673", "983544622")
# How each table's rows come to their municipality, told anew here.
OF_SUBMISSION = "JOIN submissions_submission s ON s.id = t.submission_id"
OF_RESULT = "JOIN quality_checkresult r ON r.id = t.result_id JOIN submissions_submission s ON s.id = r.submission_id"
PLACES = {
    "municipalities_unit": ("", "t"),
    "submissions_submission": ("", "t"),
    "submissions_contact": (OF_SUBMISSION, "s"),
    "submissions_person": ("", "t"),
    "submissions_service": ("", "t"),
    "submissions_temporarystop": ("", "t"),
    "submissions_answer": ("", "t"),
    "submissions_need": ("", "t"),
    "quality_checkresult": (OF_SUBMISSION, "s"),
    "quality_unitresult": (OF_RESULT, "s"),
    "quality_findingrow": (OF_RESULT, "s"),
    "indicators_indicatorvalue": (OF_SUBMISSION, "s"),
    "indicators_steeringvalue": (OF_SUBMISSION, "s"),
}


@pytest.fixture(scope="module", autouse=True)
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Two municipalities with all that hangs on a message, two users, two tokens, two sessions; committed, as other sessions see
    nothing else."""
    with django_db_blocker.unblock():
        call_command("load_reference", verbosity=0)
        for code in (OWN, OTHER):
            fill(code)
        for statement in HANGING:
            execute(statement)
        indicators.recompute(list(Submission.objects.values_list("pk", flat=True)))
        accounts()
        yield
        call_command("flush", verbosity=0, interactive=False)


HANGING = (
    "INSERT INTO submissions_answer (id, submission_id, municipality_id, person_id, topic, yes, date)"
    " SELECT id, submission_id, municipality_id, id, 'venteliste', true, '2023-03-01' FROM submissions_person",
    "INSERT INTO submissions_need (id, submission_id, municipality_id, person_id, date, variable, value)"
    " SELECT id, submission_id, municipality_id, id, '2023-03-01', '1', '2' FROM submissions_person",
    "INSERT INTO submissions_temporarystop (id, submission_id, municipality_id, service_id, start)"
    " SELECT id, submission_id, municipality_id, id, '2023-03-01' FROM submissions_service",
    "INSERT INTO indicators_steeringvalue (submission_id, level, area, figure, age_group, field, value, persons, computed_at)"
    " SELECT s.id, a.level, a.area, 'recipients', '', '', 1, 1, now() FROM submissions_submission s"
    " CROSS JOIN LATERAL (VALUES ('municipality', s.municipality_id), ('unit', '974760673'), ('unit', '983544622')) a(level, area)",
)


def fill(code: str) -> None:
    shared = Bruker("B7", [service("T71", tjenesteOrgNr=UNITS[0]), service("T72", tjenesteOrgNr=UNITS[1])])
    each = [Bruker(f"B8{n}", [service(f"T8{n}", tjenesteOrgNr=unit)]) for n, unit in enumerate(UNITS)]
    faulty = [
        Bruker(f"B9{n}", [service(f"T9{n}", sluttDato="2022-01-01", tjenesteOrgNr=u)]) for n, u in enumerate(UNITS)
    ]
    content = message(code, persons=[*people(3), shared, *each, *faulty])
    receive(channel=Channel.API, access=SENDER, content=io.BytesIO(content))
    actions.process_waiting(code, 2023)


def accounts() -> None:
    for name, code in (("oslo", OWN), ("stavanger", OTHER)):
        user = User.objects.create_user(name, password="fjord-og-fjell-2023")
        Membership.objects.create(user=user, role=Role.MUNICIPALITY, municipality_id=code)
        Token.objects.create(name=name, digest=digest(name), municipality_id=code, scopes=["findings"])
        execute(
            "INSERT INTO django_session (session_key, session_data, expire_date) VALUES (%s, 'x', now() + interval '1 day')",
            f"session-{name}",
        )


def execute(statement: str, *parameters: object) -> list[Any]:
    """As the superuser."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def logged_in(stage: None) -> Iterator[dict[str, psycopg.Connection[Any]]]:
    with log_in(WEB) as web, log_in(REGISTRY) as registry, log_in(WORKER) as worker:
        yield {WEB: web, REGISTRY: registry, WORKER: worker}


def fresh(session: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """As after logging in: nothing told, nothing set."""
    session.execute("DISCARD ALL")
    return session


@pytest.fixture
def web(logged_in: dict[str, psycopg.Connection[Any]]) -> psycopg.Connection[Any]:
    return fresh(logged_in[WEB])


@pytest.fixture(params=LOGINS)
def session(request: pytest.FixtureRequest, logged_in: dict[str, psycopg.Connection[Any]]) -> psycopg.Connection[Any]:
    return fresh(logged_in[request.param])


def ask(session: psycopg.Connection[Any], statement: str, *parameters: object) -> list[Any]:
    with session.cursor() as cursor:
        cursor.execute(statement, parameters or None)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else []


def number(session: psycopg.Connection[Any], table: str) -> int:
    return int(ask(session, f"SELECT count(*) FROM {table}")[0][0])


# --- The list -------------------------------------------------------------------------------------------------


def test_every_table_is_listed_with_what_each_login_may_do() -> None:
    with connection.cursor() as cursor:
        existing = tables(cursor)
    assert existing - TABLES.keys() == set(), "new tables: add them to kpr_portal/walls/rights.py"
    assert TABLES.keys() - existing == set(), "listed, but gone"


def listed(rights: str) -> dict[str, set[str] | None]:
    """Command -> columns, or None for the whole table."""
    found = re.findall(r"([A-Z]+)(?: \(([^)]*)\))?(?:, |$)", rights)
    return {command: set(columns.split(", ")) if columns else None for command, columns in found}


def test_the_list_is_read_right() -> None:
    assert listed("SELECT (id, name), INSERT, UPDATE (name)") == {
        "SELECT": {"id", "name"},
        "INSERT": None,
        "UPDATE": {"name"},
    }


def held() -> dict[tuple[str, str], dict[str, set[str] | None]]:
    """What PostgreSQL says that each login may do with each table: command -> columns, or None for the whole table."""
    found: dict[tuple[str, str], dict[str, set[str] | None]] = {}
    for table, role, command, whole, columns in execute(HELD, list(LOGINS), list(COMMANDS)):
        if whole or columns:
            found.setdefault((table, role), {})[command] = None if whole else set(columns)
    return found


HELD = """
SELECT c.relname, r.role, k.command, has_table_privilege(r.role, c.oid, k.command), CASE
  WHEN k.command IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') THEN array(
    SELECT attname::text FROM pg_attribute a
    WHERE a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND has_column_privilege(r.role, c.oid, attnum, k.command)
  ) END
FROM pg_class c CROSS JOIN unnest(%s::text[]) AS r(role) CROSS JOIN unnest(%s::text[]) AS k(command)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
"""


def test_each_login_may_do_with_each_table_what_is_listed_and_nothing_else() -> None:
    wanted = {
        (name, role): listed(rights)
        for name, table in TABLES.items()
        for role, rights in ((WEB, table.web), (REGISTRY, table.registry), (WORKER, table.worker))
        if rights
    }
    assert held() == wanted


WAYS = {"municipality_id", "submission_id", "result_id", "message_id", "user_id", "session_key", "organisation_number"}
OF_NOBODY = {  # public, or django's own and nobody's but the owner's
    "municipalities_municipality", "municipalities_district", "municipalities_population",
    "municipalities_user_groups", "municipalities_user_user_permissions",
}  # fmt: skip


def test_row_level_security_is_forced_on_every_table_with_a_way_to_a_municipality_or_an_account() -> None:
    forced = {n for (n,) in execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")}
    with_a_way = execute(
        "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = ANY(%s)",
        list(WAYS),
    )
    assert {name for (name,) in with_a_way} - OF_NOBODY <= forced
    assert {"municipalities_user", "submissions_message", "municipalities_auditevent", "axes_accesslog"} <= forced
    assert {name for name, table in TABLES.items() if table.own is not None} == forced


def test_rights_are_applied_once_and_mended_when_they_differ() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE kpr_owner")
        try:
            assert apply() is False
            cursor.execute("UPDATE kpr.applied SET digest = ''")
            cursor.execute("GRANT ALL ON municipalities_membership TO kpr_web")
            cursor.execute("GRANT UPDATE (scopes) ON municipalities_token TO kpr_web")
            cursor.execute("ALTER TABLE submissions_person DISABLE ROW LEVEL SECURITY")
            assert apply() is True
        finally:
            cursor.execute("RESET ROLE")
    test_each_login_may_do_with_each_table_what_is_listed_and_nothing_else()
    test_row_level_security_is_forced_on_every_table_with_a_way_to_a_municipality_or_an_account()


# --- The logins -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [OWNER, *LOGINS])
def test_no_login_is_a_superuser_or_a_member_of_another(role: str) -> None:
    attributes = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolinherit, rolbypassrls"
    assert execute(f"SELECT {attributes} FROM pg_roles WHERE rolname = %s", role) == [
        (False, False, False, False, False, role == WORKER)
    ]
    assert execute("SELECT 1 FROM pg_auth_members WHERE member = %s::regrole", role) == []


def test_functions_that_see_more_than_their_caller_have_a_fixed_search_path_and_are_counted() -> None:
    found = execute("SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'kpr'::regnamespace")
    assert {name for name, _config in found} == {
        "proven", "known", "places_of_units", "place_of_submission", "place_of_result", "unit_serves", "unit_has_row",
        "concerns_unit", "other_municipalities",
    }  # fmt: skip
    assert all(config == ["search_path=pg_catalog, pg_temp"] for _name, config in found)
    ((owners,),) = execute(
        "SELECT array_agg(DISTINCT proowner::regrole::text) FROM pg_proc WHERE pronamespace = 'kpr'::regnamespace"
    )
    assert owners == [OWNER]


def test_the_functions_tell_a_request_nothing_that_it_was_not_shown(web: psycopg.Connection[Any]) -> None:
    """They may be called with any number; without a proof they answer as if nothing were there."""
    ((person, result),) = execute("SELECT max(p.id), max(f.result_id) FROM submissions_person p, quality_findingrow f")
    asked = f"kpr.other_municipalities({person}), kpr.unit_serves({person}), kpr.unit_has_row({person}, NULL), kpr.concerns_unit({result})"
    assert ask(web, f"SELECT {asked}") == [(None, False, False, False)]


ESCAPES = (
    "SELECT set_config('role', 'postgres', true)",
    "SET ROLE postgres",
    "SET ROLE kpr_owner",
    "SET SESSION AUTHORIZATION postgres",
    "SET SESSION AUTHORIZATION kpr_owner",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "CREATE TEMP TABLE t (x text)",
    "COPY municipalities_county FROM PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/kpr-escape'",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "CREATE EXTENSION vector",
    "CREATE LANGUAGE plpython3u",
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE TABLE public.mine (x int)",
    "DO $$ BEGIN END $$",
    "CREATE ROLE mine SUPERUSER",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "GRANT kpr_owner TO CURRENT_USER",
    "ALTER TABLE submissions_person DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE submissions_person NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY kpr_web ON submissions_person",
    "CREATE POLICY mine ON submissions_person USING (true)",
    "SELECT secret FROM kpr.key",
    "UPDATE kpr.key SET secret = ''",
    "CREATE OR REPLACE FUNCTION kpr.proven(setting text, separator text) RETURNS text[] LANGUAGE sql AS 'SELECT ''{}''::text[]'",
    "SET session_replication_role = replica",
    "ALTER SYSTEM SET log_statement = 'all'",
    "SELECT pg_reload_conf()",
    "SELECT rolpassword FROM pg_authid",
    "TRUNCATE municipalities_auditevent",
    "UPDATE municipalities_auditevent SET at = now()",
)


@pytest.mark.parametrize("another", LOGINS)
def test_no_login_becomes_another(session: psycopg.Connection[Any], another: str) -> None:
    if session.info.user != another:
        with pytest.raises(errors.InsufficientPrivilege):
            ask(session, f"SET ROLE {another}")


@pytest.mark.parametrize("escape", ESCAPES)
def test_no_login_can_widen_itself(session: psycopg.Connection[Any], escape: str) -> None:
    with pytest.raises(REFUSED):
        ask(session, escape)
    ((who, in_session),) = ask(session, "SELECT current_user::text, session_user::text")
    assert who == in_session != "postgres"


@pytest.mark.parametrize(
    "back", ["SELECT set_config('role', 'none', false)", "RESET ROLE", "RESET SESSION AUTHORIZATION", "RESET ALL"]
)
def test_there_is_nothing_to_go_back_to(web: psycopg.Connection[Any], back: str) -> None:
    ask(web, back)
    assert ask(web, "SELECT current_user::text") == [(WEB,)]
    assert number(web, "submissions_person") == 0


def test_policies_cannot_be_turned_off_for_a_session(web: psycopg.Connection[Any]) -> None:
    ask(web, "SET row_security = off")
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        number(web, "submissions_person")


# --- Rows of municipalities -----------------------------------------------------------------------------------


def of_place(table: str, code: str) -> int:
    join, alias = PLACES[table]
    return int(execute(f"SELECT count(*) FROM {table} t {join} WHERE {alias}.municipality_id = %s", code)[0][0])


def test_every_table_of_municipalities_is_among_those_asked_below() -> None:
    assert PLACES.keys() == {
        name for name, table in TABLES.items() if table.own not in (None, "false") and not table.personal
    }
    empty = {table for table in PLACES for code in (OWN, OTHER) if not of_place(table, code)}
    assert empty == set(), "the stage has no rows there, so that nothing is told"


@pytest.mark.parametrize("table", sorted(PLACES))
def test_a_request_sees_its_own_municipality_the_registry_the_nation_nobody_nothing(
    table: str, web: psycopg.Connection[Any], logged_in: dict[str, psycopg.Connection[Any]]
) -> None:
    everything = execute(f"SELECT count(*) FROM {table}")[0][0]
    assert number(web, table) == 0
    tell(web, OWN)
    assert number(web, table) == of_place(table, OWN)
    assert (number(logged_in[REGISTRY], table), number(logged_in[WORKER], table)) == (everything, everything)


@pytest.mark.parametrize(
    "forgery",
    [
        "SELECT set_config('kpr.municipalities', '1103', false)",
        "SELECT set_config('kpr.municipalities', '0301,1103', false)",
        "SELECT set_config('kpr.units', '1103:974760673', false)",
        "SELECT set_config('kpr.facts', 'user:2', false)",
        "SELECT set_config('kpr.until', '99999999999', false)",
        "SELECT set_config('kpr.proof', '', false)",
        "SELECT set_config('kpr.proof', encode(sha256('1103'), 'hex'), false)",
        "SET kpr.municipalities = '0301|1103'",
        "RESET kpr.proof",
    ],
)
def test_what_is_told_without_the_applications_key_is_not_believed(web: psycopg.Connection[Any], forgery: str) -> None:
    tell(web, OWN)
    ask(web, forgery)
    assert [number(web, table) for table in PLACES] == [0] * len(PLACES)
    assert number(web, "municipalities_user") == 0


def test_a_proof_runs_out(web: psycopg.Connection[Any]) -> None:
    tell(web, OWN)
    told = "1000000000|0301||"
    ask(
        web,
        "SELECT set_config('kpr.until', '1000000000', false), set_config('kpr.proof', %s, false)",
        database.proof(told),
    )
    assert number(web, "submissions_person") == 0


def test_another_key_proves_nothing(web: psycopg.Connection[Any], settings: Any) -> None:
    settings.SECRET_KEY = "another" * 9
    tell(web, OWN)
    assert number(web, "submissions_person") == 0


def test_what_is_told_in_a_transaction_ends_with_it(web: psycopg.Connection[Any]) -> None:
    """Also where a pooler gives the connection to another after it."""
    with web.transaction():
        ask(web, database.TELL, "9999999999", OWN, "", "", database.proof(f"9999999999|{OWN}||"))
        assert number(web, "submissions_person")
    assert number(web, "submissions_person") == 0


# --- A unit leader ----------------------------------------------------------------------------------------------


def persons_of(unit: str) -> set[int]:
    found = execute(
        "SELECT person_id FROM submissions_service WHERE municipality_id = %s AND organisation_number = %s", OWN, unit
    )
    return {person for (person,) in found}


def test_a_unit_leader_sees_the_persons_of_the_unit_and_what_hangs_on_them(web: psycopg.Connection[Any]) -> None:
    unit = UNITS[0]
    tell(web, "", f"{OWN}:{unit}")
    served = persons_of(unit)
    assert {key for (key,) in ask(web, "SELECT id FROM submissions_person")} == served
    for table in ("service", "answer", "need"):
        assert {key for (key,) in ask(web, f"SELECT person_id FROM submissions_{table}")} <= served
    assert 0 < len(served) < of_place("submissions_person", OWN)


def test_a_unit_leader_sees_the_findings_and_figures_of_the_unit_alone(web: psycopg.Connection[Any]) -> None:
    unit = UNITS[0]
    tell(web, "", f"{OWN}:{unit}")
    assert {n for (n,) in ask(web, "SELECT organisation_number FROM quality_unitresult")} == {unit}
    results = {r for (r,) in ask(web, "SELECT id FROM quality_checkresult")}
    assert results == {r for (r,) in ask(web, "SELECT result_id FROM quality_unitresult")}
    rows = ask(
        web,
        "SELECT f.service, f.person, v.organisation_number FROM quality_findingrow f LEFT JOIN submissions_service v ON v.id = f.service",
    )
    assert rows and all(number == unit if service else person in persons_of(unit) for service, person, number in rows)
    for table in ("indicator", "steering"):
        assert set(ask(web, f"SELECT level, area FROM indicators_{table}value")) <= {("unit", unit)}
    assert number(web, "submissions_contact") == 0
    assert set(ask(web, "SELECT municipality_id FROM submissions_submission")) == {(OWN,)}
    assert ask(web, "SELECT municipality_id, organisation_number FROM municipalities_unit") == [(OWN, unit)]


def test_roles_in_two_places_stay_in_their_own_place(web: psycopg.Connection[Any]) -> None:
    tell(web, OTHER, f"{OWN}:{UNITS[0]}")
    seen = dict(ask(web, "SELECT municipality_id, count(*) FROM submissions_person GROUP BY 1"))
    assert seen == {OTHER: of_place("submissions_person", OTHER), OWN: len(persons_of(UNITS[0]))}


# --- Accounts, the log, messages -------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [WEB, REGISTRY])
def test_a_request_sees_the_account_that_it_has_shown_and_no_other(role: str) -> None:
    ((key,),) = execute("SELECT id FROM municipalities_user WHERE username = 'oslo'")
    facts = (f"user:{key}", "session:session-oslo", f"token:{hashlib.sha256(b'oslo').hexdigest()}")
    with log_in(role) as session:
        for table in ("municipalities_user", "municipalities_membership", "municipalities_token", "django_session"):
            assert number(session, table) == 0
        tell(session, "", "", *facts)
        assert ask(session, "SELECT username FROM municipalities_user") == [("oslo",)]
        assert ask(session, "SELECT municipality_id FROM municipalities_membership") == [(OWN,)]
        assert ask(session, "SELECT name FROM municipalities_token") == [("oslo",)]
        assert ask(session, "SELECT session_key FROM django_session") == [("session-oslo",)]
        ask(session, "DELETE FROM django_session WHERE session_key = 'session-stavanger'")
        tell(session, "", "", "login:stavanger")
        assert ask(session, "SELECT username FROM municipalities_user") == [("stavanger",)]
    assert execute("SELECT count(*) FROM django_session") == [(2,)]


@pytest.mark.parametrize(
    "write",
    [
        "UPDATE municipalities_user SET password = 'x'",
        "UPDATE municipalities_user SET is_superuser = true",
        "INSERT INTO municipalities_membership (user_id, role) VALUES (1, 'registry')",
        "UPDATE municipalities_membership SET role = 'registry'",
        "UPDATE municipalities_token SET scopes = '{submit}'",
        "UPDATE municipalities_token SET revoked_at = NULL",
        "INSERT INTO municipalities_token (name, digest, scopes, created_at) VALUES ('x', 'x', '{submit}', now())",
    ],
)
def test_no_login_that_works_writes_accounts(session: psycopg.Connection[Any], write: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        ask(session, write)


@pytest.mark.parametrize(
    "column", ["municipalities_user.password", "municipalities_token.digest", "django_session.session_data"]
)
def test_workers_read_no_secrets(column: str, logged_in: dict[str, psycopg.Connection[Any]]) -> None:
    table, name = column.split(".")
    with pytest.raises(errors.InsufficientPrivilege):
        ask(logged_in[WORKER], f"SELECT {name} FROM {table}")


@pytest.mark.parametrize("role", [WEB, REGISTRY])
@pytest.mark.parametrize(
    "write",
    [
        "DELETE FROM submissions_message",
        "UPDATE submissions_message SET stored_at = now()",
        "UPDATE submissions_messagechunk SET content = ''",
        "UPDATE submissions_submission SET is_current = false",
        "DELETE FROM submissions_submission",
        "DELETE FROM quality_checkresult",
        "INSERT INTO publications_publication (number, year, state, public_reason, created_at, changes, suppressed, unanimous, audit) VALUES (99, 2023, 'final', '', now(), '[]', '{}', 0, '{}')",
        "SELECT counts FROM publications_publishedtable",
        "SELECT at FROM municipalities_auditevent",
        "DELETE FROM municipalities_auditevent",
    ],
)
def test_requests_change_nothing_that_was_sent_found_or_published(
    role: str, write: str, logged_in: dict[str, psycopg.Connection[Any]]
) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        ask(logged_in[role], write)


def test_a_request_sends_for_its_own_municipality_only(web: psycopg.Connection[Any]) -> None:
    receipt = sql.SQL(
        "INSERT INTO submissions_submission (municipality_id, kind, channel, dry_run, status, stage, is_current, received_at, attempts, faults,"
        " idempotency_key, sha256, size, vendor, system, system_version, extract_version, persons, services, events, sender)"
        " VALUES ({}, 'annual', 'api', true, 'rejected', 'finished', false, now(), 0, 0, '', {}, 1, '', '', '', '', 0, 0, 0, '')"
    )
    tell(web, OWN, f"{OTHER}:{UNITS[0]}")
    with web.transaction(force_rollback=True):
        web.execute(receipt.format(OWN, "x"))
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        web.execute(receipt.format(OTHER, "x"))


def test_stored_messages_are_seen_by_who_brings_them_and_by_workers(web: psycopg.Connection[Any]) -> None:
    ((one,), *_more) = execute("SELECT id::text FROM submissions_message ORDER BY 1")
    tell(web, OWN)
    assert (number(web, "submissions_message"), number(web, "submissions_messagechunk")) == (0, 0)
    tell(web, OWN, "", f"message:{one}")
    assert ask(web, "SELECT id::text FROM submissions_message") == [(one,)]
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        ask(web, "INSERT INTO submissions_message (id, wrapped_key, stored_at) VALUES (gen_random_uuid(), '', now())")


@pytest.mark.parametrize("role", LOGINS)
def test_the_log_has_the_servers_clock(role: str) -> None:
    with log_in(role) as session:
        ask(
            session,
            "INSERT INTO municipalities_auditevent (at, actor, action, details) VALUES ('2001-01-01', %s, 'back-dated', '{}')",
            role,
        )
    event = AuditEvent.objects.get(actor=role, action="back-dated")
    assert event.at.year > 2001
    with log_in(WORKER) as worker, pytest.raises(errors.InsufficientPrivilege, match="30 days"):
        ask(worker, "DELETE FROM municipalities_auditevent")


def test_a_municipality_names_its_own_units_only(web: psycopg.Connection[Any]) -> None:
    tell(web, OWN)
    with web.transaction(force_rollback=True):
        assert (
            web.execute("UPDATE municipalities_unit SET name = 'x'").rowcount
            == Unit.objects.filter(municipality=OWN).count()
        )
        with pytest.raises(errors.InsufficientPrivilege), web.transaction():
            web.execute("UPDATE municipalities_unit SET municipality_id = '1103'")


def test_the_owner_sees_no_rows_about_persons_but_those_that_are_counted() -> None:
    with log_in(OWNER) as owner:
        for table in ("answer", "need", "contact", "message"):
            assert number(owner, f"submissions_{table}") == 0
        assert number(owner, "quality_findingrow") == 0


# --- On servers -------------------------------------------------------------------------------------------------


def test_a_database_of_its_own_is_set_up_by_the_same_code() -> None:
    """As docker-compose.yml does it: the superuser makes the logins, the owner migrates, an operator makes a user."""
    server = EmbeddedPostgres(DATA_DIR)
    name = f"as_on_servers_{os.getpid()}"
    passwords = {f"{login.upper()}_PASSWORD": f"secret-{login}" for login in roles.LOGINS}
    address = f"postgresql:///{name}?host={server.socket_directory}"
    with psycopg.connect(server.url, autocommit=True) as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            environment = {
                **{key: value for key, value in os.environ.items() if not key.startswith("KPR_DATABASE")},
                **passwords,
                "DATABASE_URL": f"postgresql://{str(server.socket_directory).replace('/', '%2F')}/{name}",
            }
            run("set_up_roles", **environment, KPR_SUPERUSER_URL=f"{address}&user=postgres")
            run("migrate", "--no-input", **environment)
            run("load_reference", **environment)
            run("create_user", "rita", "--role", "registry", "--password-stdin", **environment)
            for login in roles.LOGINS:
                ((stored,),) = superuser.execute(
                    "SELECT rolpassword FROM pg_authid WHERE rolname = %s", [login]
                ).fetchall()
                assert stored.startswith("SCRAM-SHA-256$")
            with psycopg.connect(f"{address}&user={WEB}") as web:
                assert number(web, "municipalities_county") > 10
                assert number(web, "municipalities_user") == 0
                with pytest.raises(errors.InsufficientPrivilege):
                    ask(web, "CREATE TEMP TABLE t (x int)")
        finally:
            superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def run(*arguments: str, **environment: str) -> None:
    done = subprocess.run(
        [*MANAGE, *arguments],
        env=environment,
        cwd=ROOT,
        input="riktig hest batteri stift\n",
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("login", roles.LOGINS)
def test_a_missing_password_is_told(login: str) -> None:
    known = {f"{each.upper()}_PASSWORD": "secret" for each in roles.LOGINS if each != login}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KPR_")} | known
    environment |= {
        "DATABASE_URL": "postgresql://nowhere/kpr",
        "KPR_ENVIRONMENT": "test",
        "KPR_DATA_DIR": str(DATA_DIR),
    }
    done = subprocess.run([*MANAGE, "portal"], env=environment, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{login.upper()}_PASSWORD is not set.") and "Traceback" not in done.stderr


def test_a_user_in_the_address_is_refused() -> None:
    environment = {**os.environ, "DATABASE_URL": "postgresql://kpr:secret@nowhere/kpr"}
    done = subprocess.run([*MANAGE, "portal"], env=environment, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 1
    assert "DATABASE_URL names the user «kpr»" in done.stderr and "Traceback" not in done.stderr
