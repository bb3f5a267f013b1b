"""A newcomer's first hour: a fresh `make run`, and every command in README, CONTRIBUTING and docs/ as it is written.

The portal is started once for this file with `make run` in a copy of the tree, with a twelfth of the demonstration's persons
(`KPR_DEMO_SCALE`) and on a free port (`PORT`). Each page's commands then run in the page's order in one bash that stands in that copy,
with a clean environment. Two things are put in their place: the free port where a page writes `127.0.0.1:8000`, and a `.curlrc` that
makes curl fail where the answer is a refusal. A command is a line of a code block for the shell, a code block of Python, or inline code
that begins as a command does. What is not run is in NOT_RUN, with the reason.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.core.management import get_commands
from markdown_it import MarkdownIt

from demonstration.management.commands.load_demo import PASSWORD
from tests.portal_process import ROOT, RunningPortal, command, copy_of_the_tree, parent
from tests.waiting import PATIENCE, wait_for

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ADDRESS = "http://127.0.0.1:8000"
SHELL = {"", "sh"}
PROGRAMS = (
    "make curl docker npm npx pip uv python3? pytest ruff mypy pre-commit pybabel gunicorn celery psql pg_dump pg_restore "
    r"manage\.py \./\S+ \.venv/\S+"
)
OURS = " ".join(name for name, app in get_commands().items() if (ROOT / str(app)).is_dir())
A_COMMAND = re.compile(rf"(\w+=\S+ )*({'|'.join([*PROGRAMS.split(), *OURS.split()])}) \S")
BENCHMARK = re.compile(r"\.venv/bin/python -m benchmarks\.(\w+)( --.*)?$")

STARTS_PORTAL = "starts a portal that does not end; the one of this file was started so"
OWN_DATABASE = (
    "needs a PostgreSQL of one's own and its superuser; tests/kpr_portal/test_rights.py makes the logins of one"
)
IN_CONTAINERS = "needs a container engine; tests/kpr_portal/test_compose.py reads what it would do"
A_BACKUP = "as PostgreSQL's superuser, on a server"
NOT_RUN = {
    "make run": STARTS_PORTAL,
    "KPR_DEMO_SCALE=0.1 make run": STARTS_PORTAL,
    ".venv/bin/python manage.py portal": STARTS_PORTAL,
    ".venv/bin/python manage.py portal --demo": STARTS_PORTAL,
    "make test": "is what runs this",
    "make check": "is what `make test` begins with",
    "make mutation": "takes hours",
    "make mutation DIGITS=05": "takes the better part of an hour",
    "make lock": "asks the package index what is newest",
    "pre-commit install": "changes the checkout's git hooks",
    ".venv/bin/python -m pip install --require-hashes -r requirements-bench.lock": "changes what the tests are run with",
    ".venv/bin/python manage.py retry_submission 17": "nothing has stopped in the demonstration; tests/kpr_portal/test_outages.py",
    ".venv/bin/python manage.py set_up_roles": OWN_DATABASE,
    "docker compose up --build --detach": IN_CONTAINERS,
    "docker compose up --detach --scale worker=3": IN_CONTAINERS,
    "docker compose logs": IN_CONTAINERS,
    "docker compose run --rm -T migrate python manage.py create_user NAME --role registry --password-stdin": IN_CONTAINERS,
    "pg_dump --format=custom": A_BACKUP,
}
# What is written to show a refusal or nothing new -> curl's exit status and what it prints.
ANSWERS = {
    'curl -s -H "Accept-Language: en" "$API/status/?municipality=301"': (22, '"status": 400'),
    'curl -s -o /dev/null -w "%{http_code}\\n" -H "If-None-Match: $TAG" "$API/aggregates/nutrition-assessed-institution/?year=2023"': (
        0,
        "304",
    ),
}


def commands(page: Path) -> list[str]:
    """In the page's order."""
    found = []
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            assert token.info in {*SHELL, "python"}, f"{page.name}: is «{token.info}» run by a reader? Say so here."
            found += (
                lines(token.content) if token.info in SHELL else [f".venv/bin/python - <<'END'\n{token.content}END"]
            )
        inline = [child.content for child in token.children or () if child.type == "code_inline"]
        found += [text for text in inline if A_COMMAND.match(text)]
    return found


def lines(block: str) -> list[str]:
    """The commands of a block; one that ends with a backslash goes on in the next line."""
    return [line for line in re.split(r"(?<!\\)\n", block) if line.strip() and not line.startswith("#")]


WRITTEN = {str(page.relative_to(ROOT)): commands(page) for page in PAGES}
ALL = [command for page in WRITTEN.values() for command in page]


def is_run(command: str) -> bool:
    return command not in NOT_RUN and not BENCHMARK.match(command)


TO_RUN = {page: chosen for page, written in WRITTEN.items() if (chosen := [each for each in written if is_run(each)])}
MEASURED = {match[1] for command in ALL if (match := BENCHMARK.match(command))}
BENCHMARKS = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text()}


def test_what_is_not_run_is_still_written() -> None:
    assert not {*NOT_RUN, *ANSWERS} - {*ALL}
    assert MEASURED <= BENCHMARKS and MEASURED
    assert len(TO_RUN) > 5 and sum(map(len, TO_RUN.values())) > 40


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_benchmarks_start(name: str) -> None:
    """They take minutes, so that nothing else notices when what they stand on has changed."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0 and "usage" in done.stdout, done.stderr


def test_benchmarks_have_a_database_of_their_own() -> None:
    """What they stand on takes seconds; what they measure is not run."""
    program = (
        "from benchmarks.nation import prepare; prepare(); "
        "from municipalities.models import Municipality; print(Municipality.objects.count() > 300)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KPR_")}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, text=True, capture_output=True)
    assert done.returncode == 0 and done.stdout.endswith("True\n"), done.stderr


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """Started in the tree that it stands in, up to the first publication."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("newcomer") / "tree")
    with RunningPortal(tree / "var", demo=True, tree=tree, KPR_DEMO_SCALE="0.08") as running:
        running.as_written["CURL_HOME"] = str(tree.parent)
        (tree.parent / ".curlrc").write_text("fail-with-body\nshow-error\n")
        national_shares(running)
        yield running
        shutil.rmtree(tree / "var" / "messages", ignore_errors=True)  # the reader's, with identity numbers


@pytest.mark.portal
@pytest.mark.parametrize("page", TO_RUN)
def test_commands_run_as_they_are_written(page: str, portal: RunningPortal, tmp_path: Path) -> None:
    names = [f"{number:02}" for number in range(len(TO_RUN[page]))]
    for name, text in zip(names, TO_RUN[page], strict=True):
        (tmp_path / name).write_text(text.replace(ADDRESS, portal.url.rstrip("/")) + "\n")
    there = f"{tmp_path}/$each"
    script = f'set -o pipefail; for each in {" ".join(names)}; do . "{there}" </dev/null >"{there}.out" 2>"{there}.err"; echo $? >"{there}.status"; done'
    subprocess.run(["bash", "-c", script], cwd=portal.cwd, env=portal.as_written, timeout=PATIENCE, check=True)
    told = {}
    for name, text in zip(names, TO_RUN[page], strict=True):
        status, output, errors = (
            (tmp_path / f"{name}.{kind}").read_text(errors="replace") for kind in ("status", "out", "err")
        )
        wanted, answer = ANSWERS.get(text, (0, ""))
        if int(status) != wanted or answer not in output:
            told[text] = f"status {status.strip()}\n{output[-2000:]}\n{errors[-2000:]}"
    assert not told, "\n\n".join(f"{page}: {text}\n{what}" for text, what in told.items())


# National values that the register has published, in per cent: of 2023, else of the last year there is.
PUBLISHED = {
    "nutrition-assessed-institution": 57.0,
    "nutrition-at-risk-institution": 34.0,
    "nutrition-plan-institution": 64.3,
    "nutrition-assessed-home": 18.0,
    "nutrition-at-risk-home": 36.3,
    "nutrition-plan-home": 44.2,
    "medication-review-institution": 61.7,
    "seen-by-doctor-institution": 68.8,
    "seen-by-dentist-institution": 28.5,
    "individual-plan-rehab-home": 11.2,
    "waiting-time-nursing-home": 90.3,
}
POINTS = 4.5  # the nation is drawn at a small scale


def assert_near_what_was_published(shares: dict[str, float]) -> None:
    away = {code: shares[code] for code, share in PUBLISHED.items() if abs(shares[code] - share) > POINTS}
    assert not away


def national_shares(portal: RunningPortal) -> dict[str, float]:
    """In per cent, as the API answers them once the first publication is out, a while after the portal is ready."""
    return {code: 100 * national_share(portal, code) for code in PUBLISHED}


def national_share(portal: RunningPortal, code: str) -> float:
    address = f"{portal.url}api/v1/aggregates/{code}/?year=2023&level=nation"
    results = wait_for(
        lambda: httpx.get(address, timeout=PATIENCE).raise_for_status().json()["results"],
        what=f"{code} is published",
        pause=1,
    )
    return float(results[0]["value"])


@pytest.mark.portal
def test_the_demonstration_comes_up_alive(portal: RunningPortal) -> None:
    """Through the real intake, with the users that README names and figures like those that the register has published."""
    assert reported(portal) == REPORTED
    for name, (home, shown) in HOME_PAGES.items():
        page = logged_in(portal, name)
        assert page.url.path == home and shown in page.text, (name, page.url)
    assert_near_what_was_published(national_shares(portal))


@pytest.mark.portal
def test_a_first_start_tells_what_it_does_and_a_second_loads_nothing_again(portal: RunningPortal) -> None:
    first, before = "\n".join(portal.output), reported(portal)
    assert PASSWORD in first
    assert {*HOME_PAGES} <= {*re.findall(r"^  (\S+)", first, re.MULTILINE)}
    for work in ("Messages sent", "Messages read and checked", "Checks that look across municipalities", "Indicators"):
        assert re.search(rf"^{work}[^\r]*\[\d\d:\d\d\]$", first, re.MULTILINE), first
    assert portal.stop() in (0, -signal.SIGINT)  # make tells how it was ended
    left = lambda: [f"{process.pid} {parent(process)} {command(process)}" for process in portal.processes()]  # noqa: E731
    wait_for(left, lambda found: not found, what="Ctrl-C stops all that was started")
    portal.start()
    assert PASSWORD not in "\n".join(portal.output)
    assert reported(portal) == before


REPORTED = {"2022": 356, "2023": 352}
# User -> where a login leads, and something that stands there.
HOME_PAGES = {
    "registeret": ("/register/", "Utsira"),
    "kommune": ("/kommune/4601/", "Bergen"),
    "enhetsleder": ("/kommune/4601/", "Bergen"),
    "sykehjem": ("/kommune/4601/", "Bergen"),
    "to-enheter": ("/hjem/", "Bergen"),
    "liten-kommune": ("/kommune/1827/", "Dønna"),
    "ikke-meldt": ("/kommune/4616/", "Tysnes"),
    "avvist": ("/kommune/3430/", "Os"),
}


def logged_in(portal: RunningPortal, name: str) -> httpx.Response:
    """The page that a user sees after the login."""
    with httpx.Client(base_url=portal.url, follow_redirects=True, timeout=PATIENCE) as client:
        form = client.get("/logg-inn/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        assert token
        data = {"username": name, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        return client.post("/logg-inn/", data=data, headers={"Referer": f"{portal.url}logg-inn/"}).raise_for_status()


def reported(portal: RunningPortal) -> dict[str, int]:
    """How many municipalities have something in for each year, as anybody may ask."""
    counts: Counter[str] = Counter()
    for year in ("2022", "2023"):
        address: str | None = f"{portal.url}api/v1/status/?year={year}"
        while address:
            page = httpx.get(address, timeout=PATIENCE).raise_for_status().json()
            counts[year] += sum(bool(row["received"]) for row in page["results"])
            address = page["next"]
    return dict(counts)
