"""The pages as people use them: what each state says, who sees which figures, and that they cost the same for all sizes."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from municipalities.models import AuditEvent, Unit
from quality.checks import CHECKS
from quality.models import CheckResult, Outcome
from submissions.models import PersonLevel, Stage, Status, Submission
from tests.cast import FJELLHEIM, LATER, OTHER, OWN, PASSWORD, SOLBAKKEN, Cast, Someone, cast_fixture, submit  # noqa: F401
from tests.messages import message, people

CHECK = "person-id-invalid"


def text(client: Client, name: str, *arguments: object, status: int = 200, **query: str) -> str:
    """The words of a page's main part, with single spaces."""
    answer = client.get(reverse(name, args=arguments), query)
    assert answer.status_code == status
    return words(answer.content.decode())


def words(page: str) -> str:
    main = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


# --- Home ----------------------------------------------------------------------------------------------------


def test_home_says_that_the_data_are_in_what_to_correct_first_and_what_changed(cast: Cast) -> None:
    page = text(cast.client("kari"), "municipality-home", OWN)
    assert f"Dataene for {cast.year} er inne" in page
    assert page.index("Ugyldig fødselsnummer") < page.index("Fødselsåret er ikke mulig") < page.index("ingen tjenester")
    assert "2 nye siden sist" in page
    assert "Personer +3" in page


def test_home_with_nothing_sent_says_what_to_do(cast: Cast) -> None:
    page = text(cast.client("kari"), "municipality-home", OWN, aar="2022")
    assert "Ingen data er levert for 2022" in page
    assert "Fristen var 15. januar 2023" in page
    assert "Send årsmeldingen" in page


def test_home_counts_down_to_the_deadline(cast: Cast, settings: Any) -> None:
    settings.KPR_TODAY = "2024-01-08"
    page = text(cast.client("kari"), "municipality-home", OWN)
    assert "7 dager igjen" in page
    assert "15. januar 2024" in page


def test_home_while_a_new_submission_is_under_work(cast: Cast) -> None:
    submit(OWN, cast.year, [], status=Status.RECEIVED)
    page = text(cast.client("kari"), "municipality-home", OWN)
    assert f"Dataene for {cast.year} er inne" in page
    assert "En ny innsending behandles nå" in page


def test_home_while_the_first_submission_is_under_work(cast: Cast) -> None:
    submit(OWN, 2022, [], status=Status.PROCESSING)
    assert "mottatt og behandles" in text(cast.client("kari"), "municipality-home", OWN, aar="2022")


@pytest.mark.parametrize(("status", "said"), [("rejected", "ikke tatt imot"), ("failed", "Behandlingen stoppet")])
def test_home_after_a_refusal_says_why(cast: Cast, status: str, said: str) -> None:
    refused = submit(OWN, 2022, [], status=status)
    Submission.objects.filter(pk=refused.pk).update(problem={"code": "cut-off", "facts": {}, "errors": []})
    page = text(cast.client("kari"), "municipality-home", OWN, aar="2022")
    assert said in page
    assert "Filen slutter før meldingen er ferdig." in page


def test_a_renumbered_municipality_is_reached_by_its_new_number(cast: Cast) -> None:
    submit("5401", 2022, [Someone("B1", [SOLBAKKEN])])
    page = cast.client("rita").get(reverse("municipality-home", args=["5501"]), {"aar": "2022"}).content.decode()
    assert "5401 · Troms og Finnmark" in page
    assert reverse("municipality-home", args=["5501"]) in page
    assert "Dataene for 2022 er inne" in words(page)


def test_two_municipalities_of_one_name_are_told_apart(cast: Cast) -> None:
    for code, county in (("1515", "Møre og Romsdal"), ("1818", "Nordland")):
        page = cast.client("rita").get(reverse("municipality-home", args=[code])).content.decode()
        assert f"Herøy ({county})" in page


# --- Unit leader ---------------------------------------------------------------------------------------------


def test_a_unit_leader_sees_only_the_own_unit(cast: Cast) -> None:
    unn = cast.client("unn")
    listed = text(unn, "findings", OWN)
    assert "Ugyldig fødselsnummer eller D-nummer Feil" in listed.replace("✕ ", "")
    assert "ingen tjenester Advarsel" not in listed.replace("! ", "")
    rows = text(unn, "finding", OWN, CHECK)
    assert "B4" in rows
    assert "B5" not in rows
    assert "HYPERLINK" not in text(unn, "finding", OWN, CHECK, enhet=FJELLHEIM)


def test_a_unit_leader_sees_no_totals_of_the_municipality(cast: Cast) -> None:
    Submission.objects.filter(pk=cast.current.pk).update(persons=76543, services=98765)
    CheckResult.objects.filter(submission=cast.current).update(applicable=76543)
    unn = cast.client("unn")
    pages = [
        text(unn, "municipality-home", OWN),
        text(unn, "submissions", OWN),
        text(unn, "submission", cast.current.pk),
        text(unn, "findings", OWN),
        text(unn, "finding", OWN, CHECK),
    ]
    for page in pages:
        assert "76 543" not in page
        assert "98 765" not in page
    progress = reverse("submission-progress", args=[cast.current.pk])
    assert "told" not in unn.get(progress).json()
    assert cast.client("kari").get(progress).json()["told"] == "76\u202f543 personer er lest inn."


def test_a_unit_leader_sees_what_is_in_order(cast: Cast) -> None:
    """Checks that found nothing in the unit are in order there, whatever they found elsewhere in the municipality."""
    unn = cast.client("unn")
    own = unn.get(reverse("findings", args=[OWN])).context["findings"]
    of_persons = {check.code for check in CHECKS if issubclass(check.model, PersonLevel)}
    assert {finding.check.code for finding in own.all} == of_persons
    assert {finding.check.code for finding in own.in_order} == of_persons - {f.check.code for f in own.to_correct}
    elsewhere = next(finding for finding in own.in_order if finding.check.code == "person-without-service")
    whole = CheckResult.objects.get(submission=cast.current, code=elsewhere.check.code)
    assert (elsewhere.result, elsewhere.violating, whole.violating > 0) == (None, 0, True)
    page = text(unn, "finding", OWN, elsewhere.check.code)
    assert "Ingenting å rette her." in page
    assert "B7" not in page
    download = unn.get(reverse("finding-csv", args=[OWN, elsewhere.check.code]))
    assert b"B7" not in download.getvalue()


def test_a_unit_leader_is_told_which_checks_could_not_be_done(cast: Cast) -> None:
    CheckResult.objects.filter(submission=cast.current, code="person-without-service").update(status=Outcome.ERROR)
    assert "Kunne ikke kontrolleres (1)" in text(cast.client("unn"), "findings", OWN)


def test_nothing_is_in_order_before_it_was_checked(cast: Cast) -> None:
    CheckResult.objects.filter(submission=cast.trial).delete()
    Submission.objects.filter(pk=cast.trial.pk).update(status=Status.PROCESSING)
    answer = cast.client("unn").get(reverse("findings", args=[OWN]), {"innsending": cast.trial.pk})
    assert answer.context["findings"].all == ()


def test_counts_of_a_unit_agree_with_its_rows(cast: Cast) -> None:
    for unit in (SOLBAKKEN, FJELLHEIM):
        answer = cast.client("kari").get(reverse("findings", args=[OWN]), {"enhet": unit})
        for finding in answer.context["findings"].to_correct:
            page = cast.client("kari").get(reverse("finding", args=[OWN, finding.check.code]), {"enhet": unit})
            assert page.context["page"].paginator.count == finding.violating


# --- Findings ------------------------------------------------------------------------------------------------


def test_one_finding_explains_and_names_the_records(cast: Cast) -> None:
    page = text(cast.client("kari"), "finding", OWN, CHECK)
    assert "Hva betyr det, og hvorfor er det viktig?" in page
    assert "Slik retter du i fagsystemet" in page
    assert "3 poster å rette" in page
    assert "2 er nye siden sist, 1 sto der fra før" in page
    only_new = text(cast.client("kari"), "finding", OWN, CHECK, nye="1")
    assert "B5" in only_new
    assert "B4" not in only_new


def test_looking_at_rows_is_logged_without_what_they_say(cast: Cast) -> None:
    text(cast.client("unn"), "finding", OWN, CHECK)
    event = AuditEvent.objects.get(action="rows_seen")
    assert (event.actor, event.municipality_id, event.details["check"]) == ("unn", OWN, CHECK)
    assert "B4" not in str(event.details)


def test_a_trial_has_its_own_findings(cast: Cast) -> None:
    page = text(cast.client("kari"), "findings", OWN, innsending=str(cast.trial.pk))
    assert "En prøve fra" in page
    assert "Den teller ikke" in page


def test_a_broken_check_is_neither_passed_nor_a_fault(cast: Cast) -> None:
    CheckResult.objects.filter(submission=cast.current, code=CHECK).update(status=Outcome.ERROR)
    page = text(cast.client("kari"), "findings", OWN)
    assert "Kunne ikke kontrolleres (1)" in page
    assert "Ugyldig fødselsnummer" not in page[: page.index("Kunne ikke kontrolleres")]


def test_the_catalogue_explains_every_check(db: None) -> None:
    client = Client()
    assert client.get(reverse("checks")).content.decode().count('class="finding"') == len(CHECKS)


# --- Submissions ---------------------------------------------------------------------------------------------


def upload(cast: Cast, content: bytes, **fields: str) -> Any:
    file = SimpleUploadedFile("melding.xml", content)
    return cast.client("kari").post(reverse("submission-new", args=[OWN]), {"file": file, **fields})


def test_a_file_is_uploaded_and_followed(cast: Cast) -> None:
    answer = upload(cast, message(OWN, 2022, people(2)), dry_run="on")
    sent = Submission.objects.latest("pk")
    assert (answer.status_code, answer["Location"]) == (302, reverse("submission", args=[sent.pk]))
    assert (sent.channel, sent.dry_run, sent.sent_by_user and sent.sent_by_user.username) == ("web", True, "kari")
    page = text(cast.client("kari"), "submission", sent.pk)
    assert "Prøven er mottatt og behandles" in page
    progress = cast.client("kari").get(reverse("submission-progress", args=[sent.pk])).json()
    assert (progress["stage"], progress["finished"]) == ("waiting", False)
    Submission.objects.filter(pk=sent.pk).update(status=Status.PROCESSING, stage=Stage.CHECKING)
    steps = cast.client("kari").get(reverse("submission-progress", args=[sent.pk])).json()["steps"]
    assert [(step["done"], step["now"]) for step in steps] == [
        (True, False),
        (True, False),
        (False, True),
        (False, False),
    ]


def test_a_refusal_says_what_was_wrong_and_where(cast: Cast) -> None:
    content = message(OWN, 2022, people(1)).replace(b'startDato="2023-02-01"', b'startDato="feil"')
    answer = upload(cast, content)
    assert answer.status_code == 400
    page = words(answer.content.decode())
    assert "Meldingen ble ikke tatt imot" in page
    assert "/@startDato" in page
    assert "startDato er «feil»" in page
    kept = Submission.objects.latest("pk")
    assert "startDato er «feil»" in text(cast.client("kari"), "submission", kept.pk)


def test_a_repeat_leads_to_the_first(cast: Cast) -> None:
    upload(cast, message(OWN, 2022, people(1)))
    first = Submission.objects.latest("pk")
    answer = upload(cast, message(OWN, 2022, people(1)))
    assert answer.status_code == 409
    assert reverse("submission", args=[first.pk]) in answer.content.decode()


@pytest.mark.parametrize("content", [b"", b"ikke xml"])
def test_a_wrong_file_is_told_kindly(cast: Cast, content: bytes) -> None:
    answer = upload(cast, content)
    assert answer.status_code == 400
    assert "Meldingen ble ikke tatt imot" in words(answer.content.decode())


def test_the_message_of_another_municipality_is_refused(cast: Cast) -> None:
    answer = upload(cast, message(OTHER, 2022, people(1)))
    assert answer.status_code == 403
    assert not Submission.objects.filter(municipality=OTHER, year=2022).exists()


def test_no_file_is_told(cast: Cast) -> None:
    answer = cast.client("kari").post(reverse("submission-new", args=[OWN]), {})
    assert answer.status_code == 400
    assert "Velg filen med årsmeldingen" in words(answer.content.decode())


# --- Units, login, register ----------------------------------------------------------------------------------


def test_a_municipality_names_its_units(cast: Cast) -> None:
    kari = cast.client("kari")
    answer = kari.post(reverse("units", args=[OWN]), {SOLBAKKEN: "Solbakken sykehjem", FJELLHEIM: "Fjellheim"})
    assert answer.status_code == 302
    assert Unit.objects.get(municipality=OWN, organisation_number=FJELLHEIM).name == "Fjellheim"
    assert AuditEvent.objects.filter(action="units_named").count() == 1
    assert cast.client("rita").post(reverse("units", args=[OWN]), {FJELLHEIM: "x"}).status_code == 404
    assert cast.client("unn").post(reverse("units", args=[OWN]), {FJELLHEIM: "x"}).status_code == 404


def log_in(name: str, password: str, **query: str) -> Any:
    address = reverse("login") + ("?next=" + query["next"] if query else "")
    return Client().post(address, {"username": name, "password": password, **query})


def test_login_says_the_same_for_a_wrong_name_and_a_wrong_password(cast: Cast) -> None:
    answers = [log_in("kari", "feil"), log_in("ingen", PASSWORD)]
    told = [words(answer.content.decode()) for answer in answers]
    assert told[0] == told[1]
    assert "Brukernavnet eller passordet er feil" in told[0]


def test_login_leads_where_one_was_going_but_never_away(cast: Cast) -> None:
    assert log_in("kari", PASSWORD, next="/kommune/1103/funn/")["Location"] == "/kommune/1103/funn/"
    assert log_in("kari", PASSWORD, next="https://ond.example/")["Location"] == reverse("home")


def test_five_wrong_attempts_lock_out_even_the_right_password(cast: Cast) -> None:
    client = Client()
    for _ in range(5):
        client.post(reverse("login"), {"username": "kari", "password": "feil"})
    answer = client.post(reverse("login"), {"username": "kari", "password": PASSWORD})
    assert answer.status_code == 429
    assert "For mange forsøk" in words(answer.content.decode())


def test_each_role_has_its_home(cast: Cast) -> None:
    homes = {name: cast.client(name).get(reverse("home")).get("Location") for name in ("kari", "unn", "rita", "nils")}
    own = reverse("municipality-home", args=[OWN])
    assert homes == {"kari": own, "unn": own, "rita": reverse("register"), "nils": None}


def test_the_register_sees_who_has_reported(cast: Cast) -> None:
    rita = cast.client("rita")
    lines = {line.municipality.pk: line for line in rita.get(reverse("register")).context["lines"]}
    assert lines[OWN].current == cast.current
    assert lines[OWN].trials == 1
    assert lines[OWN].failed_errors >= 2
    assert lines["0301"].current is None
    missing = rita.get(reverse("register"), {"vis": "mangler"}).context["lines"]
    assert OWN not in {line.municipality.pk for line in missing}
    county = rita.get(reverse("register"), {"fylke": "11", "sorter": "feil", "ned": "1"}).context["lines"]
    assert {line.municipality.county_id for line in county} == {"11"}
    assert county[0].municipality.pk == OWN


# --- What all pages share ------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[Cast], tuple[str, str]]] = {
    "municipality-home": lambda cast: ("kari", reverse("municipality-home", args=[OWN])),
    "unit leader's home": lambda cast: ("unn", reverse("municipality-home", args=[OWN])),
    "findings": lambda cast: ("kari", reverse("findings", args=[OWN])),
    "unit leader's findings": lambda cast: ("unn", reverse("findings", args=[OWN])),
    "finding": lambda cast: ("kari", reverse("finding", args=[OWN, CHECK])),
    "unit leader's finding": lambda cast: ("unn", reverse("finding", args=[OWN, CHECK])),
    "submissions": lambda cast: ("kari", reverse("submissions", args=[OWN])),
    "submission": lambda cast: ("kari", reverse("submission", args=[cast.current.pk])),
    "units": lambda cast: ("kari", reverse("units", args=[OWN])),
    "register": lambda cast: ("rita", reverse("register")),
    "front": lambda cast: ("kari", reverse("front")),
}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_asks_as_many_questions_of_much_data_as_of_little(page: str, cast: Cast) -> None:
    name, address = PAGES[page](cast)
    little = queries(cast.client(name), address)
    grow(cast)
    name, address = PAGES[page](cast)
    assert queries(cast.client(name), address) == little <= 16


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def grow(cast: Cast) -> None:
    many = [Someone(f"M{n}", [SOLBAKKEN, FJELLHEIM], identity_valid=n % 2 == 0) for n in range(60)]
    cast.current = submit(OWN, cast.year, [*LATER, *many], supersedes=cast.current)
    submit(OTHER, cast.year, many, supersedes=cast.anothers)
    submit("0301", cast.year, many)
    for n in range(5):
        Unit.objects.create(municipality_id=OWN, organisation_number=f"91100000{n}")


def test_no_page_has_inline_script_or_style() -> None:
    for template in Path("templates").rglob("*.html"):
        source = template.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", source), template


def test_every_page_says_its_language_and_has_one_heading_and_landmarks(cast: Cast) -> None:
    for find in PAGES.values():
        name, address = find(cast)
        page = cast.client(name).get(address, headers={"Accept-Language": "en"}).content.decode()
        assert '<html lang="nb"' in page
        assert page.count("<h1") == 1, address
        for part in ("<main", "<header", "<footer", "<nav", 'href="#innhold"'):
            assert part in page
        for table in re.findall(r"<table.*?</table>", page, re.S):
            assert "<caption" in table
            assert 'scope="col"' in table


def test_personal_pages_are_kept_by_no_cache(cast: Cast) -> None:
    answer = cast.client("kari").get(reverse("findings", args=[OWN]))
    assert "no-store" in answer["Cache-Control"]
    assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("template", ["404.html", "403.html", "400.html", "500.html"])
def test_error_pages_need_nothing(template: str) -> None:
    assert "Til forsiden" in render_to_string(template)


def test_dates_are_norwegian_whatever_the_browser_prefers(cast: Cast, settings: Any) -> None:
    settings.KPR_TODAY = "2024-01-08"
    Submission.objects.filter(pk=cast.current.pk).update(extracted_on=datetime.date(2024, 1, 3), persons=1234567)
    answer = cast.client("kari").get(
        reverse("submission", args=[cast.current.pk]), headers={"Accept-Language": "en-GB"}
    )
    page = words(answer.content.decode())
    assert "3. januar 2024" in page
    assert "1 234 567" in page


def many_trials(cast: Cast) -> None:
    for number in range(12):
        trial = submit(OWN, cast.year, [], dry_run=True)
        Submission.objects.filter(pk=trial.pk).update(status=Status.REJECTED if number % 2 else Status.DONE)


def test_trials_do_not_hide_that_a_message_was_refused(cast: Cast) -> None:
    refused = submit(OWN, cast.year, [], status=Status.RECEIVED)
    Submission.objects.filter(pk=refused.pk).update(status=Status.REJECTED, stage=Stage.FINISHED)
    before = text(cast.client("kari"), "municipality-home", OWN)
    many_trials(cast)
    after = text(cast.client("kari"), "municipality-home", OWN)
    assert "ble ikke tatt imot" in before
    assert "ble ikke tatt imot" in after


def test_trials_do_not_hide_what_is_under_work(cast: Cast) -> None:
    submit(OWN, cast.year, [], status=Status.RECEIVED)
    before = text(cast.client("kari"), "municipality-home", OWN)
    many_trials(cast)
    assert "behandles" in before.lower()
    assert "behandles" in text(cast.client("kari"), "municipality-home", OWN).lower()
