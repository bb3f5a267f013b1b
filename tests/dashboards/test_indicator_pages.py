"""A municipality's indicator pages: the numbers and words on them, who sees which, and how each state is told."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from charts import Missing, Value
from charts.comparison import Verdict
from dashboards.bars import Reach
from indicators.benchmark import benchmark_of, change_of
from indicators.definitions import BY_CODE, INDICATORS, THEMES
from indicators.models import IndicatorValue, Level
from indicators.wording import WORDS, below_the_line, of_them, sureness
from municipalities.models import Unit
from publications.figures import Figure
from publications.models import Publication, PublicationState, PublishedTable
from submissions.models import Status, Submission
from tests.cast import FJELLHEIM, OWN, SOLBAKKEN
from tests.indicator_stage import ASSESSED, YEAR, Stage, own, publish, residents, sent, stage_fixture, words  # noqa: F401
from tests.rows import Sent, store

# --- Overview ---------------------------------------------------------------------------------------------------------


def test_the_overview_has_each_indicator_with_its_words() -> None:
    in_themes = [code for _name, codes in THEMES for code in codes]
    assert sorted(in_themes) == sorted(BY_CODE)
    assert set(WORDS) == set(BY_CODE)


def test_the_overview_tells_value_place_and_verdict(stage: Stage) -> None:
    page = stage.page("indicators", "kari")
    assert "50 % 15 av 30 beboere er vurdert for risiko for underernæring ↑ Høyere er bedre" in page
    assert "Lavere enn Rogaland (60 %) kan være tilfeldig" in page
    assert "Lavere enn landet (80 %) trolig reell" in page
    assert "Ikke aktuelle for kommunen" in page
    assert page.index("På sykehjem") < page.index("Ernæring vurdert, sykehjem")


def test_the_overview_tells_the_change_through_the_years_and_its_verdict(stage: Stage) -> None:
    """8 of 20, then 15 of 30: two small years, p = 0.69 by Fisher's test."""
    assert "Høyere enn 2022 (40 %) kan være tilfeldig" in stage.page("indicators", "kari")
    assert "Høyere enn 2022" not in stage.page("indicators", "kari", aar="2022")  # of another year than the card's


OTHERS = ("seen-by-doctor-institution", "seen-by-dentist-institution", "medication-review-institution")


def test_a_difference_is_judged_among_all_that_the_place_is_asked_about(stage: Stage) -> None:
    """15 of 30 beside 7250 of 10 000 has p = 0.0057 (z = 2.76). It is real among the 6 questions where one indicator is published (its
    two comparisons, and four indicators' changes through the years), for 0.05 / 6 = 0.0083, and not among the 12 where four are, for
    0.05 / 12 = 0.0042. Of the others nothing differs: nobody has been seen, here or elsewhere."""
    PublishedTable.objects.all().delete()
    publish({"0": (7250, 10_000), "11": (300, 500), OWN: (15, 30)})
    said = "Lavere enn landet (73 %) trolig reell"
    assert said in stage.page("indicators", "kari")
    assert said in stage.page("indicator", "kari", ASSESSED)
    for code in OTHERS:
        publish({"0": (0, 10_000), "11": (0, 500), OWN: (0, 30)}, code=code)
    doubted = "Lavere enn landet (73 %) kan være tilfeldig"
    assert doubted in stage.page("indicators", "kari")
    alone = stage.page("indicator", "kari", ASSESSED)
    assert doubted in alone  # its own page says the same, and so does its funnel
    assert "rundt landet; forskjellen kan være tilfeldig." in alone
    assert "trolig reell." not in alone


def test_the_overview_says_which_errors_touch_a_value(stage: Stage) -> None:
    # Ten residents without an answer are found by a check of the indicator's.
    assert "10 advarsler berører tallet" in stage.page("indicators", "kari")
    assert "3 advarsler berører tallet" in stage.page("indicators", "unn")


def test_the_overview_of_one_unit(stage: Stage) -> None:
    page = stage.page("indicators", "kari", enhet=FJELLHEIM)
    assert "Kvalitetsindikatorer – Fjellheim" in page
    assert "30 % 3 av 10 beboere" in page
    assert "Lavere enn kommunen (50 %)" in page


def test_a_unit_leader_sees_own_unit_and_the_municipality_never_another_unit(stage: Stage) -> None:
    for query in ({}, {"enhet": FJELLHEIM}):
        page = stage.page("indicators", "unn", **query)
        assert "60 % 12 av 20 beboere" in page
        assert "Høyere enn kommunen (50 %)" in page
        detail = stage.clients["unn"].get(reverse("indicator", args=[OWN, ASSESSED]), query).content.decode()
        assert "12 av 20 beboere" in words(detail)
        for content in (page, words(detail)):
            assert not [secret for secret in ("Fjellheim", FJELLHEIM, "3 av 10") if secret in content]
        assert ("enhet" in query) == (FJELLHEIM in detail)  # only in the address that was asked for


def test_the_year_can_be_chosen_and_is_kept(stage: Stage) -> None:
    page = stage.page("indicators", "kari", aar="2022")
    assert "40 % 8 av 20 beboere" in page
    content = stage.clients["kari"].get(reverse("indicator", args=[OWN, ASSESSED]), {"aar": "2022"}).content.decode()
    assert f"{reverse('indicators', args=[OWN])}?aar=2022" in content
    assert f"{reverse('indicator', args=[OWN, ASSESSED])}?aar=2023" in content


# --- States -----------------------------------------------------------------------------------------------------------


def test_without_a_publication_own_values_are_shown_alone(stage: Stage) -> None:
    Publication.objects.all().delete()
    for name, arguments in (("indicators", ()), ("indicator", (ASSESSED,))):
        page = stage.page(name, "kari", *arguments)
        assert "Ingen tall for 2023 er gitt ut ennå" in page
        assert "15 av 30 beboere" in page
    assert "trakt" not in page


def test_a_withheld_publication_is_as_absent_as_none(stage: Stage) -> None:
    Publication.objects.update(state=PublicationState.WITHHELD)
    assert "Norge" not in stage.page("indicators", "kari")


def test_nothing_sent(stage: Stage) -> None:
    page = stage.page("indicators", "kari", aar="2021")
    assert "Ingen data er levert for 2021" in page
    assert "Ikke levert" in page
    assert "Ingen data er levert for 2021" in stage.page("indicator", "kari", ASSESSED, aar="2021")
    assert "Ingen data er levert for 2021" in stage.page("indicator-records", "kari", ASSESSED, aar="2021")


@pytest.mark.parametrize(
    ("status", "said"), [(Status.PROCESSING, "behandles"), (Status.REJECTED, "ble ikke tatt imot")]
)
def test_under_work_or_refused(stage: Stage, status: str, said: str) -> None:
    submission = store(Sent([], OWN, 2021, state="trial"))
    Submission.objects.filter(pk=submission.pk).update(status=status, dry_run=False)
    assert said in stage.page("indicators", "kari", aar="2021")
    assert said in stage.page("indicator", "kari", ASSESSED, aar="2021")


def test_a_trial_alone_shows_what_it_would_give(stage: Stage) -> None:
    sent(residents(SOLBAKKEN, 6, 4, 0, 2021), 2021, state="trial")
    page = stage.page("indicators", "kari", aar="2021")
    assert "Bare en prøve er sendt for 2021" in page
    assert "60 % 6 av 10 beboere" in page
    assert "Prøve, teller ikke" in page
    assert "Prøve, teller ikke" in stage.page("indicator", "kari", ASSESSED, aar="2021")


def test_in_but_not_computed_yet(stage: Stage) -> None:
    IndicatorValue.objects.filter(submission=stage.current).delete()
    Submission.objects.filter(pk=stage.current.pk).update(indicators_at=None)
    assert "regnes ut nå" in stage.page("indicators", "kari")
    assert "regnes ut nå" in stage.page("indicator", "unn", ASSESSED)


# --- One indicator ----------------------------------------------------------------------------------------------------


def test_the_value_is_told_as_a_nurse_would(stage: Stage) -> None:
    page = stage.page("indicator", "kari", ASSESSED)
    assert "15 av 30 beboere er vurdert for risiko for underernæring." in page
    assert "Med så få personer kan den vanlige andelen ligge mellom 33 og 67 prosent." in page
    assert "15 beboere mangler vurdering – se hvem" in page
    assert "Lavere enn landet (80 %) trolig reell Så stor forskjell gir tilfeldigheter sjelden." in page
    assert "neste gang 1. desember 2024" in page
    assert "Sier ikke hvor god vurderingen var" in page


def test_what_correcting_would_do(stage: Stage) -> None:
    page = stage.page("indicator", "kari", ASSESSED)
    assert (
        "For 10 er det ikke svart, og det regnes nå som nei. Er svaret egentlig ja for alle, blir andelen 83 prosent."
        in page
    )
    assert "blir den stående på 50 prosent" in page
    assert "Feil og advarsler som flytter tallet" in page
    assert "For 3 er det ikke svart" in stage.page("indicator", "unn", ASSESSED)
    content = stage.clients["kari"].get(reverse("indicator", args=[OWN, ASSESSED])).content.decode()
    assert f"{reverse('finding', args=[OWN, 'nutrition-not-answered'])}?aar=2023" in content


def test_bounds_hold_an_answer_without_a_date_that_counts_as_yes() -> None:
    reach = Reach.of(Figure("x", Level.UNIT, YEAR, 9, 10, unanswered=3))
    assert reach is not None
    assert (reach.unanswered, reach.ends) == (1, (90, 100))


def test_an_indicator_that_does_not_apply(stage: Stage) -> None:
    page = stage.page("indicator", "kari", "nutrition-assessed-home")
    assert "Kommunen har ingen hjemmeboende å telle i 2023." in page
    assert "Enheten har ingen hjemmeboende" in stage.page("indicator", "unn", "nutrition-assessed-home")


@pytest.mark.parametrize("indicator", sorted(BY_CODE))
def test_every_indicator_has_its_page_and_list(indicator: str, stage: Stage) -> None:
    publish(code=indicator) if indicator != ASSESSED else None
    for who in ("kari", "unn", "rita"):
        stage.page("indicator", who, indicator)
        stage.page("indicator-records", who, indicator)


def test_no_such_indicator(stage: Stage) -> None:
    for name in ("indicator", "indicator-records", "indicator-csv", "indicator-xlsx"):
        for code in ("nutrition", "person-id-invalid"):
            assert stage.clients["kari"].get(reverse(name, args=[OWN, code])).status_code == 404


def test_units_stand_side_by_side_for_those_who_see_the_whole(stage: Stage) -> None:
    page = stage.page("indicator", "kari", ASSESSED)
    assert "Solbakken sykehjem ligger høyest (60 prosent) og Fjellheim lavest (30 prosent)." in page
    assert "Solbakken sykehjem ligger på 60 prosent, over kommunen (50 prosent)" in stage.page(
        "indicator", "unn", ASSESSED
    )


def test_through_the_years_with_county_and_nation(stage: Stage) -> None:
    page = stage.page("indicator", "kari", ASSESSED)
    assert "Stavanger ligger på 50 prosent i 2023. Det er opp fra 40 prosent i 2022" in page
    assert "Rogaland: 60 prosent. Norge: 80 prosent." in page


# --- What all of them share -------------------------------------------------------------------------------------------

PAGES = (("indicators",), ("indicator", ASSESSED), ("indicator-records", ASSESSED), ("municipality-home",))


@pytest.mark.parametrize("who", ["kari", "unn", "rita"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_as_many_questions_of_much_data_as_of_little(page: tuple[str, ...], who: str, stage: Stage) -> None:
    little = questions(stage, page, who)
    for number in range(6):
        Unit.objects.create(municipality_id=OWN, organisation_number=f"91100000{number}")
    Submission.objects.filter(pk=stage.current.pk).update(is_current=False)
    sent([*own(), *residents(SOLBAKKEN, 40, 30, 20)])
    for indicator in INDICATORS:
        publish(code=indicator.code) if indicator.code != ASSESSED else None
    assert questions(stage, page, who) == little <= 20


def questions(stage: Stage, page: tuple[str, ...], who: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        stage.page(page[0], who, *page[1:])
    return len(asked)


@pytest.mark.parametrize("page", PAGES)
def test_pages_have_one_heading_and_tables_that_are_named(page: tuple[str, ...], stage: Stage) -> None:
    content = stage.clients["kari"].get(reverse(page[0], args=[OWN, *page[1:]])).content.decode()
    assert content.count("<h1") == 1
    assert len(re.findall(r'\sid="([^"]+)"', content)) == len(set(re.findall(r'\sid="([^"]+)"', content)))
    assert not re.search(r"\sstyle=|<script(?![^>]*\b(?:src=|type=.application/json))", content)
    for table in re.findall(r"<table.*?</table>", content, re.S):
        assert "<caption" in table


def test_home_shows_the_three_of_most_concern(stage: Stage) -> None:
    page = stage.page("municipality-home", "kari")
    assert "Indikatorer å se nærmere på Se alle Ernæring vurdert, sykehjem 50 %" in page
    assert page.count("berører tallet") + page.count("Ingen kjente feil") <= 3
    assert "Indikatorer å se" not in stage.page("municipality-home", "kari", aar="2021")


# --- Words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("above", "below", "said"),
    [
        (57, 100, "Med så få personer kan den vanlige andelen ligge mellom 47 og 66 prosent."),
        (5700, 10000, "Tallet er ganske sikkert: den vanlige andelen ligger trolig mellom 56 og 58 prosent."),
        (4, 9, "Det er for få til å si noe sikkert: den vanlige andelen kan ligge mellom 19 og 73 prosent."),
    ],
)
def test_how_sure_a_value_is(above: int, below: int, said: str) -> None:
    assert sureness(Value.of("x", above, below)) == said


def test_one_and_many() -> None:
    assert of_them(BY_CODE[ASSESSED], Value.of("x", 1, 1)) == "1 av 1 beboer er vurdert for risiko for underernæring."
    assert below_the_line(BY_CODE[ASSESSED], 43) == "43 beboere mangler vurdering"


@pytest.mark.parametrize(
    ("own_counts", "other", "verdict", "position", "tone"),
    [
        ((15, 30), (8000, 10000), Verdict.PROBABLY_REAL, "Lavere enn Norge (80\u00a0%)", "warning"),
        ((29, 30), (5000, 10000), Verdict.PROBABLY_REAL, "Høyere enn Norge (50\u00a0%)", "success"),
        ((15, 30), (5500, 10000), Verdict.MAY_BE_CHANCE, "Lavere enn Norge (55\u00a0%)", "neutral"),
        ((2, 5), (5500, 10000), Verdict.TOO_FEW, "Norge: 55\u00a0%", "neutral"),
        ((5000, 10000), (5001, 10000), Verdict.MAY_BE_CHANCE, "Likt med Norge (50\u00a0%)", "neutral"),
    ],
)
def test_every_difference_has_its_verdict(
    own_counts: tuple[int, int], other: tuple[int, int], verdict: Verdict, position: str, tone: str
) -> None:
    standing = benchmark_of(BY_CODE[ASSESSED], Value.of("Vi", *own_counts), Value.of("Norge", *other))
    assert (standing.verdict, standing.position, standing.tone) == (verdict, position, tone)


def test_a_change_is_the_newest_year_beside_the_first() -> None:
    years = [Value.of(str(2020 + n), above, 100) for n, above in enumerate((40, 50, 60))]
    gap = Value.none("2019", Missing.NOT_REPORTED)
    change = change_of(BY_CODE[ASSESSED], [gap, *years])
    assert change is not None
    assert (change.position, change.verdict, change.tone) == (
        "Høyere enn 2020 (40\u00a0%)",
        Verdict.PROBABLY_REAL,
        "success",
    )
    # z = 20 / √50 (tests/charts/test_comparison.py): p = 0.0047.
    assert change_of(BY_CODE[ASSESSED], years, cutoff=0.004).verdict == Verdict.MAY_BE_CHANCE  # type: ignore[union-attr]
    assert change_of(BY_CODE[ASSESSED], [gap, years[0]]) is None


def test_own_is_taken_out_of_what_it_is_a_part_of() -> None:
    mine = Value.of("Vi", 450, 500)
    alone = benchmark_of(BY_CODE[ASSESSED], mine, Value.of("Fylket", 860, 1000))
    within = benchmark_of(BY_CODE[ASSESSED], mine, Value.of("Fylket", 860, 1000), part=mine)
    assert (alone.verdict, within.verdict) == (Verdict.PROBABLY_REAL, Verdict.PROBABLY_REAL)
    # What the county holds of it may be older, and larger than the county's own.
    assert benchmark_of(BY_CODE[ASSESSED], mine, Value.of("Fylket", 10, 20), part=mine).verdict == Verdict.PROBABLY_REAL
