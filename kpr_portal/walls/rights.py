"""Every table of the database, and what each login may do with it. Grants, policies and tests follow from this one list.

A table that is not listed is nobody's but the owner's: add its line here (tests/kpr_portal/test_rights.py fails until it is there).

`own` is the condition under which `kpr_web` sees, writes or removes a row; None where the rows belong to nobody (the public
structure of Norway, what was published). Where there is one, row-level security is forced on the table, also for its owner.
`kpr_registry` sees every row, except where `personal`: there it is bound as `kpr_web` is. `kpr_worker` is past the policies
(it loads by COPY) and bound by these rights alone. `kpr_owner` sees rows only where `owner` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

READ = "SELECT"
ALL = "SELECT, INSERT, UPDATE, DELETE"
ADD = "SELECT, INSERT"
KEEP = f"{ALL}, MAINTAIN"  # MAINTAIN: ANALYZE, so that the planner knows what was loaded


@dataclass(frozen=True)
class Table:
    """Rights as GRANT has them, empty for none. `check` is the condition for new rows where it is not `own`. `owner` are the
    commands for which a policy lets the owner see rows: ALL, SELECT or none."""

    web: str = ""
    registry: str = ""
    worker: str = ""
    own: str | None = None
    check: str = ""
    personal: bool = False
    owner: str = ""


def public(worker: str = READ, requests: str = READ) -> Table:
    return Table(requests, requests, worker)


def hidden() -> Table:
    """Django's own, which no request and no worker asks for."""
    return Table()


# --- What a request has proven (kpr_portal/walls/functions.sql) ------------------------------------------------

UNITS = "(SELECT kpr.proven('kpr.units'))::text[]"
WHOLE = "municipality_id = ANY ((SELECT kpr.proven('kpr.municipalities'))::text[])"
# Asked only in a unit leader's session, so that nobody else pays for it row by row.
LEADS = f"{UNITS} <> '{{}}'"
PLACE_OF_UNITS = "municipality_id = ANY ((SELECT kpr.places_of_units())::text[])"
# A child of a submission is seen in full where the submission's municipality is.
OF_WHOLE = f"submission_id IN (SELECT s.id FROM submissions_submission s WHERE s.{WHOLE})"
OF_WHOLE_RESULT = (
    "result_id IN (SELECT r.id FROM quality_checkresult r JOIN submissions_submission s ON s.id = r.submission_id "
    f"WHERE s.{WHOLE})"
)
PLACE_OF_UNITS_RESULT = "kpr.place_of_submission(submission_id) = ANY ((SELECT kpr.places_of_units())::text[])"
PERSON_OF_UNIT = f"{WHOLE} OR ({LEADS} AND kpr.unit_serves(person_id))"
RESULT_OF_UNIT = f"{OF_WHOLE} OR ({LEADS} AND level = 'unit' AND kpr.place_of_submission(submission_id) || ':' || area = ANY ({UNITS}))"


def known(kind: str, column: str, type_: str = "text") -> str:
    return f"{column} = ANY ((SELECT kpr.known('{kind}'))::{type_}[])"


def person_level(own: str) -> Table:
    return Table(READ, READ, KEEP, own)


def findings(own: str) -> Table:
    return Table(READ, READ, ALL, own)


TABLES: dict[str, Table] = {
    # The structure of Norway, from public sources
    "municipalities_county": public(),
    "municipalities_municipality": public(),
    "municipalities_municipalitychange": public(),
    "municipalities_district": public(),
    "municipalities_population": public(),
    # Units: found in the data, named by the municipality. A unit leader's unit is needed before it is known what the leader may see.
    "municipalities_unit": Table(
        "SELECT, UPDATE (name)",
        READ,
        "SELECT, INSERT, UPDATE (name)",
        f"{WHOLE} OR municipality_id || ':' || organisation_number = ANY ({UNITS}) "
        "OR id IN (SELECT m.unit_id FROM municipalities_membership m)",
        check=WHOLE,
        owner="ALL",
    ),
    # Accounts: an operator writes them (kpr_owner); a request sees the one that it has shown to be its own
    "municipalities_user": Table(
        "SELECT, UPDATE (last_login)",
        "SELECT, UPDATE (last_login)",
        # Removes and closes accounts that nobody uses; the only password that it can set is one that nobody can use (a trigger).
        "SELECT (id, username, is_active, last_login, date_joined), DELETE, "
        "UPDATE (is_active, first_name, last_name, email, password)",
        f"{known('user', 'id', 'bigint')} OR {known('login', 'username')}",
        personal=True,
        owner="ALL",
    ),
    "municipalities_membership": Table(
        READ, READ, "SELECT, DELETE", known("user", "user_id", "bigint"), personal=True, owner="ALL"
    ),
    "municipalities_token": Table(
        READ,
        READ,
        "SELECT (id, name, municipality_id, scopes, created_at, revoked_at)",
        known("token", "digest"),
        personal=True,
        owner="ALL",
    ),
    "django_session": Table(
        ALL,
        ALL,
        "SELECT (session_key, expire_date), DELETE",
        known("session", "session_key"),
        personal=True,
        owner="ALL",
    ),
    # The log: added to with the server's clock (a trigger), read by nobody who answers requests
    "municipalities_auditevent": Table(
        "INSERT", "INSERT", "SELECT, INSERT, DELETE", "false", check="true", personal=True, owner="ALL"
    ),
    # Lockout after failed logins: asked before anybody has logged in, by name and address
    "axes_accessattempt": Table(ALL, ALL, "SELECT, DELETE"),
    "axes_accessattemptexpiration": Table(ALL, ALL, "SELECT, DELETE"),
    "axes_accessfailurelog": Table("SELECT (id), INSERT", "SELECT (id), INSERT", "SELECT, DELETE"),
    "axes_accesslog": Table(
        "SELECT, INSERT, UPDATE (logout_time)",
        "SELECT, INSERT, UPDATE (logout_time)",
        "SELECT, DELETE",
        known("login", "username"),
        personal=True,
    ),
    "municipalities_user_groups": hidden(),
    "municipalities_user_user_permissions": hidden(),
    "auth_group": hidden(),
    "auth_group_permissions": hidden(),
    "auth_permission": hidden(),
    "django_content_type": hidden(),
    "django_migrations": hidden(),
    # What was sent. A unit leader sees that it is in.
    "submissions_submission": Table(ADD, ADD, KEEP, f"{WHOLE} OR {PLACE_OF_UNITS}", check=WHOLE, owner="SELECT"),
    "submissions_contact": Table(READ, READ, KEEP, OF_WHOLE),
    # The message itself: seen by the request that brings it, and by the worker
    "submissions_message": Table(ADD, ADD, ALL, known("message", "id", "uuid"), personal=True),
    "submissions_messagechunk": Table(ADD, ADD, ALL, known("message", "message_id", "uuid"), personal=True),
    # Rows about persons. A unit's are those of the persons that it serves.
    "submissions_person": Table(READ, READ, KEEP, f"{WHOLE} OR ({LEADS} AND kpr.unit_serves(id))", owner="SELECT"),
    "submissions_service": Table(READ, READ, KEEP, PERSON_OF_UNIT, owner="SELECT"),
    "submissions_temporarystop": person_level(
        f"{WHOLE} OR ({LEADS} AND service_id IN (SELECT v.id FROM submissions_service v))"
    ),
    "submissions_answer": person_level(PERSON_OF_UNIT),
    "submissions_need": person_level(PERSON_OF_UNIT),
    # What is wrong with it. That a check could not be done is told to unit leaders too: it counts nobody.
    "quality_checkresult": Table(
        READ,
        READ,
        ALL,
        f"{OF_WHOLE} OR ({LEADS} AND (kpr.concerns_unit(id) OR status = 'error' AND {PLACE_OF_UNITS_RESULT}))",
        owner="SELECT",
    ),
    "quality_unitresult": Table(
        READ,
        READ,
        ALL,
        f"{OF_WHOLE_RESULT} OR ({LEADS} AND kpr.place_of_result(result_id) || ':' || organisation_number = ANY ({UNITS}))",
        owner="SELECT",
    ),
    "quality_findingrow": findings(f"{OF_WHOLE_RESULT} OR ({LEADS} AND kpr.unit_has_row(person, service))"),
    # What it tells
    "indicators_indicatorvalue": findings(RESULT_OF_UNIT),
    "indicators_steeringvalue": findings(RESULT_OF_UNIT),
    # What cannot be computed: for operators, and for the check of health
    "indicators_brokencomputation": Table("", READ, ALL, "false"),
    # What left. The true counts behind a published table are for the next publication only.
    "publications_publication": public(ADD),
    "publications_publication_tables": public("SELECT, INSERT, DELETE"),
    "publications_publishedtable": public(ADD, "SELECT (id, indicator, version, year, digest, rows)"),
}
