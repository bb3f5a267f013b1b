"""How long the largest municipality's pages take at the server, and how much longer than the smallest one's.

.venv/bin/python -m benchmarks.pages
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks import arguments
from benchmarks.intake import make, post
from tests.portal_process import RunningPortal

PASSWORD = "fjellet-er-hvitt-i-dag"
LARGE, SMALL = 2022, 2020
PAGES = ("", "funn/", "funn/service-organisation-missing/", "innsendinger/")


def log_in(browser: httpx.Client) -> None:
    form = browser.get("/logg-inn/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    fields = {"csrfmiddlewaretoken": token.group(1), "username": "oslo", "password": PASSWORD, "next": ""}
    assert browser.post("/logg-inn/", data=fields).status_code == 302


def milliseconds(browser: httpx.Client, address: str, times: int = 30) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        assert browser.get(address).status_code == 200
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, RunningPortal(Path(folder) / "var", KPR_TODAY="2024-01-08") as portal:
        files = make(Path(folder))
        token = portal.run_command("create_token", "benchmark", "--scope", "submit").stdout.strip().splitlines()[-1]
        who = ["create_user", "oslo", "--role", "municipality", "--municipality", "0301", "--password-stdin"]
        portal.run_command(*who, input=PASSWORD)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/xml"}
        with httpx.Client(base_url=f"{portal.url}api/v1", headers=headers, timeout=120) as client:
            for year in (SMALL, LARGE):
                post(client, files[year])
        with httpx.Client(base_url=portal.url.rstrip("/"), headers={"Referer": portal.url}) as browser:
            log_in(browser)
            print("page                                  small ms  large ms")
            for page in PAGES:
                small, large = (milliseconds(browser, f"/kommune/0301/{page}?aar={year}") for year in (SMALL, LARGE))
                print(f"/kommune/0301/{page:35} {small:6.0f} {large:9.0f}")


if __name__ == "__main__":
    arguments(__doc__).parse_args()
    main()
