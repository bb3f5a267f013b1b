"""Open figures, each format read by the program that its users read it with."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

import openpyxl
import pandas
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from pyjstat import pyjstat
from pytest_django import DjangoAssertNumQueries

from indicators.definitions import INDICATORS
from municipalities.models import Municipality
from publications.codelists import areas
from publications.models import Publication
from tests.releases import missing, nation, publication, row, table
from tests.submissions.test_api import problem

pytestmark = pytest.mark.django_db

CODE = "nutrition-assessed-institution"
PATH = f"/api/v1/aggregates/{CODE}/"
FORMATS = ("json", "json-stat", "csv", "xlsx")
ROWS = [
    row("0", 570, 1000),
    row("46", 57, 100),
    row("11", 40, 100),
    missing("1103", "suppressed", denominator=12),
    missing("1101", "suppressed", note="level"),
    row("1818", 0, 30),
    row("1515", 30, 30),
    missing("4601", "not_reported"),
    missing("4602", "not_applicable", numerator=0, denominator=0),
]
COLUMNS = {
    "area", "year", "numerator", "denominator", "value", "low", "high", "suppressed", "level", "status", "sign", "note",
}  # fmt: skip


@pytest.fixture(autouse=True)
def reference(db: None) -> None:
    call_command("load_reference", verbosity=0)
    cache.clear()


@pytest.fixture
def first() -> Publication:
    earlier = [row("0", 500, 1000, 2022), row("1103", 60, 90, 2022), missing("4601", "not_released", 2022)]
    return publication(1, [table(CODE, earlier), table(CODE, ROWS)])


def get(query: str = "", path: str = PATH, **headers: str) -> Any:
    return Client().get(f"{path}{query}", headers={name.replace("_", "-"): text for name, text in headers.items()})


def results(query: str = "") -> list[dict[str, Any]]:
    answer = get(query)
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def by_area(query: str = "?year=2023") -> dict[str, dict[str, Any]]:
    return {each["area"]: each for each in results(query)}


# --- JSON ----------------------------------------------------------------------------------------------------


def test_the_answer_tells_where_it_is_from(first: Publication) -> None:
    body = get("?year=2023").json()
    rows = body.pop("results")
    assert body == {
        "indicator": CODE,
        "version": 1,
        "publication": 1,
        "published_at": "2024-02-02T13:00:00+01:00",
        "unit": "share of 1",
        "source": "Kommunalt pasient- og brukerregister (KPR)",
        "licence": "https://data.norge.no/nlod/no/2.0",
        "count": 9,
        "next": None,
        "previous": None,
    }
    assert all(set(each) == COLUMNS for each in rows)
    assert rows[1] == {
        "area": "46", "year": 2023, "numerator": 57, "denominator": 100, "value": 0.57, "low": 0.4722, "high": 0.6627,
        "suppressed": False, "level": "county", "status": "published", "sign": None, "note": None,
    }  # fmt: skip


def test_what_is_missing_says_why() -> None:
    publication(1, [table(CODE, ROWS)])
    told = {area: (each["suppressed"], each["status"], each["sign"]) for area, each in by_area().items()}
    assert told["1103"] == told["1101"] == (True, "suppressed", ":")
    assert told["4601"] == (False, "not_reported", "..")
    assert told["4602"] == (False, "not_applicable", ".")
    assert by_area()["1103"]["denominator"] == 12


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?year=2022", {("0", 2022), ("1103", 2022), ("4601", 2022)}),
        ("?year=2022&year=2023&area=0", {("0", 2022), ("0", 2023)}),
        ("?year=2022,2023&area=1103", {("1103", 2022), ("1103", 2023)}),
        ("?level=county", {("46", 2023), ("11", 2023)}),
        ("?level=nation,county&year=2023", {("0", 2023), ("46", 2023), ("11", 2023)}),
        ("?area=1515&area=1818,46", {("1515", 2023), ("1818", 2023), ("46", 2023)}),
        ("?level=nation&area=46", set()),
        ("?year=1999", set()),
    ],
)
def test_filters(first: Publication, query: str, expected: set[tuple[str, int]]) -> None:
    assert {(each["area"], each["year"]) for each in results(query)} == expected
    assert get(query).json()["count"] == len(expected)


def test_a_whole_year_is_one_page_and_longer_answers_are_paged() -> None:
    publication(1, [table(CODE, nation(year)) for year in range(2021, 2025)])
    year = get("?year=2024").json()
    assert (year["count"], len(year["results"]), year["next"]) == (373, 373, None)
    page, seen = get().json(), []
    assert page["count"] == 3 * 368 + 373
    while True:
        seen += page["results"]
        if not page["next"]:
            break
        page = get(path=page["next"]).json()
    assert len({(each["area"], each["year"]) for each in seen}) == len(seen) == page["count"]
    assert get(path=page["previous"]).json()["previous"] is None
    assert len(get("?page_size=10000").json()["results"]) == page["count"]


def test_links_to_other_pages_keep_the_question(first: Publication) -> None:
    following = get("?year=2023&level=municipality&publication=1&page_size=2&page=2").json()["next"]
    assert following == (
        f"http://testserver{PATH}?year=2023&level=municipality&publication=1&page_size=2&format=json&page=3"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_before_the_first_publication_there_are_no_figures(name: str) -> None:
    publication(1, [table(CODE, ROWS)], withheld=True)
    nothing_is_told(name, "")
    if name == "json":
        assert get().json()["publication"] is None


@pytest.mark.parametrize("name", FORMATS)
def test_what_matches_nothing_is_empty_for_its_readers(first: Publication, name: str) -> None:
    nothing_is_told(name, "&year=1999")
    nothing_is_told(name, "&level=nation&area=46")


def nothing_is_told(name: str, query: str) -> None:
    """A list and a table can be empty; a cube cannot, for pyjstat takes none that is."""
    answer = get(f"?format={name}{query}")
    if name == "json-stat":
        assert problem(answer, 404)["code"] == "no-figures"
        return
    assert answer.status_code == 200
    if name == "json":
        assert (answer.json()["results"], answer.json()["count"], answer.json()["next"]) == ([], 0, None)
    if name == "csv":
        frame = pandas.read_csv(io.BytesIO(answer.content), sep=";", decimal=",", dtype={"area": str})
        assert (len(frame), frame.columns[0]) == (0, "area")
    if name == "xlsx":
        (header,) = openpyxl.load_workbook(io.BytesIO(answer.content))["Tall"].iter_rows(values_only=True)
        assert header[0] == "Områdenummer"


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("?year=23", "parameter-invalid", "year"),
        ("?year=", "parameter-invalid", "year"),
        ("?year=2023,", "parameter-invalid", "year"),
        ("?year=2023;2022", "parameter-invalid", "year"),
        ("?level=unit", "parameter-invalid", "level"),
        ("?area=460", "parameter-invalid", "area"),
        ("?area=9999", "area-unknown", "area"),
        ("?area=1103&area=9998&format=csv", "area-unknown", "area"),
        ("?publication=one", "parameter-invalid", "publication"),
        ("?publication=0", "parameter-invalid", "publication"),
        ("?publication=1&publication=2", "parameter-repeated", "publication"),
        ("?page=0", "parameter-invalid", "page"),
        ("?page_size=10001", "parameter-invalid", "page_size"),
        ("?format=xml", "parameter-invalid", "format"),
        ("?format=csv&page=1", "parameter-invalid", "page"),
        ("?format=csv&page_size=1000", "parameter-invalid", "page_size"),
        ("?aar=2023", "parameter-unknown", "aar"),
    ],
)
def test_what_is_not_understood_is_refused_and_explained(
    first: Publication, query: str, code: str, parameter: str
) -> None:
    told = problem(get(query), 400)
    assert (told["code"], told["parameter"]) == (code, parameter)
    assert parameter in told["detail"] or code == "area-unknown"


def test_what_is_not_there(first: Publication) -> None:
    assert "/api/v1/indicators/" in problem(get(path="/api/v1/aggregates/no-such/"), 404)["detail"]
    assert problem(get("?page=2"), 404)["code"] == "page-unknown"
    assert "text/csv" in problem(get(Accept="text/html"), 406)["detail"]
    problem(get(path="/api/v1/publications/7/"), 404)
    problem(get(path="/api/v1/publications/99999999999999999999/"), 404)
    problem(get(path="/api/v1/codelists/sizes/"), 404)


# --- Formats -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("application/json-stat+json", "application/json-stat+json"),
        ("application/vnd.json-stat+json", "application/json-stat+json"),
        ("text/csv;q=0.9, application/json;q=0.5", "text/csv; charset=utf-8; header=present"),
        ("application/json;q=0.5, text/csv;q=0.9", "text/csv; charset=utf-8; header=present"),
        ("text/csv; charset=utf-8", "text/csv; charset=utf-8; header=present"),
        ('TEXT/CSV; Charset="UTF-8"; header=present', "text/csv; charset=utf-8; header=present"),
        ("application/json; charset=utf-8", "application/json"),
        ("application/json;q=0, text/*", "text/csv; charset=utf-8; header=present"),
        ("text/csv; charset=iso-8859-1, application/json;q=0.1", "application/json"),
        ("text/csv;q=0, */*;q=0.1", "application/json"),
        ("", "application/json"),
    ],
)
def test_accept_chooses_the_format(first: Publication, accept: str, media_type: str) -> None:
    assert get(Accept=accept)["Content-Type"] == media_type
    assert get("?format=json", Accept=accept)["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "accept", ["text/html", "text/csv; charset=utf-16", "*/*;q=0", "application/json;q=0", "nonsense"]
)
def test_accept_that_leaves_nothing(first: Publication, accept: str) -> None:
    assert problem(get(Accept=accept), 406)["code"] == "not-acceptable"


@pytest.fixture
def cube(first: Publication) -> pyjstat.Dataset:
    return pyjstat.Dataset.read(get("?format=json-stat").content.decode())


def test_pyjstat_reads_the_cube_by_names(cube: pyjstat.Dataset) -> None:
    frame = cube.write("dataframe")
    assert list(frame.columns) == ["område", "år", "statistikkvariabel", "value"]
    assert len(frame) == 9 * 2 * 5
    found = frame[(frame["område"] == "Norge") & (frame["år"] == "2023")].set_index("statistikkvariabel")["value"]
    assert (found["Teller"], found["Nevner"], found["Andel"]) == (570, 1000, 0.57)
    assert {"Herøy (Nordland)", "Herøy (Møre og Romsdal)", "Rogaland fylke"} <= set(frame["område"])


def test_pyjstat_reads_the_cube_by_codes(cube: pyjstat.Dataset) -> None:
    frame = cube.write("dataframe", naming="id").set_index(["area", "year", "contents"])["value"]
    assert frame["1103", "2022", "numerator"] == 60
    assert frame["1103", "2023", "denominator"] == 12
    assert pandas.isna(frame["1103", "2023", "value"])


def test_the_cube_has_roles_units_and_signs(cube: pyjstat.Dataset) -> None:
    assert cube["role"] == {"geo": ["area"], "time": ["year"], "metric": ["contents"]}
    assert cube["dimension"]["contents"]["category"]["unit"]["value"] == {"label": "andel av 1", "decimals": 4}
    assert (cube["version"], cube["class"], cube["updated"]) == ("2.0", "dataset", "2024-02-02T13:00:00+01:00")
    signs = {index: sign for index, sign in cube["status"].items() if cube["value"][int(index)] is None}
    assert len(signs) == len(cube["status"]) == cube["value"].count(None)
    assert _sign(cube, "1103", "2023", "numerator") == ":"
    assert _sign(cube, "1103", "2023", "denominator") is None
    assert _sign(cube, "4601", "2023", "value") == ".."
    assert _sign(cube, "4601", "2022", "value") == "..."
    assert _sign(cube, "11", "2022", "value") == "."
    assert set(cube["extension"]["status"]["label"]) == set(cube["status"].values())


def _sign(cube: pyjstat.Dataset, *codes: str) -> str | None:
    place = 0
    for dimension, size, code in zip(cube["id"], cube["size"], codes, strict=True):
        place = place * size + cube["dimension"][dimension]["category"]["index"].index(code)
    sign: str | None = cube["status"].get(str(place))
    return sign


def test_no_two_areas_have_the_same_label() -> None:
    labels = Counter(area.label for area in areas().values())
    assert [label for label, times in labels.items() if times > 1] == []


def csv_lines(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_csv_opens_in_a_norwegian_excel(first: Publication) -> None:
    lines = {line["area"]: line for line in csv_lines(get("?year=2023&format=csv").content)}
    assert len(lines) == 9
    assert (lines["46"]["name"], lines["46"]["value"], lines["46"]["sign"]) == ("Vestland", "0,57", "")
    assert (lines["1103"]["value"], lines["1103"]["denominator"], lines["1103"]["sign"]) == ("", "12", ":")
    assert lines["1515"]["name"] == "Herøy (Møre og Romsdal)"


def test_csv_is_numbers_to_pandas(first: Publication) -> None:
    content = io.BytesIO(get("?format=csv").content)
    frame = pandas.read_csv(content, sep=";", decimal=",", dtype={"area": str}).set_index(["area", "year"])
    assert frame.loc[("0", 2022), "value"] == 0.5
    assert frame["value"].dtype == frame["high"].dtype == "float64"


def workbook(query: str = "?year=2023&format=xlsx", **headers: str) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(get(query, **headers).content))


def test_excel_holds_figures_signs_and_no_formula(first: Publication) -> None:
    book = workbook()
    assert book.sheetnames == ["Tall", "Om tallene"]
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)
    header, *lines = book["Tall"].iter_rows(values_only=True)
    assert header[:5] == ("Områdenummer", "Område", "Nivå", "År", "Teller")
    found = {line[0]: line for line in lines}
    assert found["46"][1:7] == ("Vestland", "fylke", 2023, 57, 100, 0.57)
    assert found["1103"][4:] == (":", 12, ":", ":", ":", "skjult")
    assert found["4601"][4:] == ("..",) * 5 + ("ikke rapportert",)


def test_excel_explains_itself(first: Publication) -> None:
    told = dict(workbook()["Om tallene"].iter_rows(values_only=True))
    assert told["Utgave"] == "1"
    assert told["Kode og versjon"] == f"{CODE}, 1"
    assert "ikke offentliggjøres" in told[":"]
    assert {".", "..", ":", "Teller", "Nevner", "Kilde", "Definisjon", "Lisens"} <= set(told)


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_but_published_columns_leaves(first: Publication, name: str) -> None:
    content = get(f"?format={name}").content
    text = content.decode("utf-8-sig") if name != "xlsx" else str([list(s.values) for s in workbook()])
    assert "987654" not in text and "never leaves" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_names_could_not_be_formulas(first: Publication, name: str) -> None:
    Municipality.objects.filter(pk="1103").update(name="=1+1")
    content = get(f"?area=1103&format={name}").content
    if name == "csv":
        assert {line["name"] for line in csv_lines(content)} == {"'=1+1"}
    if name == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content))["Tall"]
        assert (sheet["B2"].value, sheet["B2"].data_type) == ("=1+1", "s")


def test_the_words_follow_the_language_and_the_numbers_do_not(first: Publication) -> None:
    for language in ("nb", "nn", "en"):
        answer = get("?format=json-stat", Accept_Language=language)
        assert answer["Content-Language"] == language
        assert answer.json()["value"] == get("?format=json-stat").json()["value"]
        assert [line["value"] for line in csv_lines(get("?format=csv", Accept_Language=language).content)]
        catalogue = get(path="/api/v1/indicators/", Accept_Language=language).json()["results"]
        titles = {each["code"]: each["title"] for each in catalogue}
        assert answer.json()["label"] == titles[CODE]


def test_a_demonstration_says_that_it_is_one(first: Publication, settings: Any) -> None:
    settings.KPR_ENVIRONMENT = "demo"
    assert "oppdiktede" in get().json()["source"]
    assert "oppdiktede" in get("?format=json-stat").json()["source"]


# --- Caching -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_a_client_that_has_the_answer_gets_304(first: Publication, name: str) -> None:
    query = f"?year=2023&format={name}"
    answer = get(query)
    assert answer["ETag"].startswith('"')
    assert answer["Last-Modified"] == "Fri, 02 Feb 2024 12:00:00 GMT"
    assert answer["Cache-Control"] == "public, max-age=300"
    assert answer["Vary"] == "Accept, Accept-Language, Accept-Encoding"
    for condition in ({"If_None_Match": answer["ETag"]}, {"If_Modified_Since": answer["Last-Modified"]}):
        again = get(query, **condition)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
    assert get(query, If_None_Match='"another"').status_code == 200
    assert get(query, If_Modified_Since="Thu, 01 Feb 2024 12:00:00 GMT").status_code == 200


def test_every_question_has_its_own_etag(first: Publication) -> None:
    queries = ["", "?year=2023", "?format=csv", "?format=json-stat", "?format=xlsx", "?area=0"]
    tags = {get(query)["ETag"] for query in queries}
    tags |= {get("?format=json-stat", Accept_Language=language)["ETag"] for language in ("nn", "en")}
    assert len(tags) >= len(queries)


@pytest.mark.parametrize("name", FORMATS)
def test_two_processes_make_the_same_bytes(first: Publication, name: str) -> None:
    made = get(f"?format={name}").content
    cache.clear()
    assert get(f"?format={name}").content == made


def test_a_ready_made_answer_is_the_first_one_in_every_header(first: Publication) -> None:
    once, again = get(), get()
    assert once.content == again.content
    assert dict(once.headers) == dict(again.headers)
    assert "frame-ancestors 'none'" in again["Content-Security-Policy"]
    assert Client().head(PATH).status_code == 200


def test_a_new_publication_is_seen_at_once_when_the_second_is_over(first: Publication) -> None:
    tag = get("?year=2023")["ETag"]
    publication(2, [table(CODE, [row("0", 600, 1000)], version=2)])
    cache.delete("newest-release")
    answer = get("?year=2023", If_None_Match=tag)
    assert (answer.status_code, answer.json()["publication"], answer.json()["version"]) == (200, 2, 2)


def test_an_older_publication_stays_as_it_was(first: Publication) -> None:
    publication(2, [table(CODE, [row("0", 600, 1000)])])
    publication(3, [table(CODE, [row("0", 700, 1000)])], withheld=True)
    assert [by_area(query)["0"]["numerator"] for query in ("?year=2023", "?year=2023&publication=1")] == [600, 570]
    older = get("?publication=1")
    assert (older.json()["publication"], older["Cache-Control"]) == (1, "public, max-age=86400")
    withheld, never = problem(get("?publication=3"), 404), problem(get("?publication=4"), 404)
    assert withheld == never


def test_a_ready_made_answer_asks_nothing(
    first: Publication, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    get()
    with django_assert_num_queries(0):
        get()


@pytest.mark.parametrize("name", FORMATS)
def test_queries_do_not_grow_with_the_figures(name: str, django_assert_max_num_queries: Any) -> None:
    publication(1, [table(CODE, nation(year)) for year in (2022, 2023)])
    with django_assert_max_num_queries(10) as first_time:
        get(f"?format={name}&year=2023")
    with django_assert_max_num_queries(10) as all_years:
        get(f"?format={name}")
    assert len(all_years) <= len(first_time)


def test_a_token_is_judged_even_where_none_is_needed(first: Publication) -> None:
    get()
    problem(get(Authorization="Bearer wrong"), 401)
    for path in ("indicators/", "codelists/", "codelists/areas/", "publications/", "publications/1/"):
        problem(get(path=f"/api/v1/{path}", Authorization="Bearer wrong"), 401)
        assert get(path=f"/api/v1/{path}").status_code == 200


# --- Catalogue, code lists, publications ---------------------------------------------------------------------


def test_the_catalogue_is_the_declarations() -> None:
    body = get(path="/api/v1/indicators/").json()
    assert body["count"] == len(INDICATORS) == 12
    found = {each["code"]: each for each in body["results"]}
    assert list(found) == [indicator.code for indicator in INDICATORS]
    risk, review = found["nutrition-at-risk-institution"], found["medication-review-institution"]
    assert (risk["chained_to"], risk["unit"], risk["least_inhabitants"]) == (CODE, "share of 1", 0)
    assert (review["finest_public_level"], review["least_inhabitants"]) == ("county", 100_000)
    assert (review["reviewed"], review["chained_to"], review["higher_is_better"]) == ("2023-12-01", None, True)
    assert get("?page_size=5", path="/api/v1/indicators/").json()["next"]


def test_code_lists(first: Publication) -> None:
    lists = get(path="/api/v1/codelists/").json()["results"]
    found = {each["code"]: get(path=each["url"]).json()["results"] for each in lists}
    assert {each["code"]: each["name"] for each in found["levels"]}["county"] == "fylke"
    assert {each["code"]: each["status"] for each in found["signs"]} == {
        ":": "suppressed", "..": "not_reported", ".": "not_applicable", "...": "not_released",
    }  # fmt: skip
    assert [each["code"] for each in found["years"]] == ["2022", "2023"]
    named = {each["code"]: each for each in found["areas"]}
    assert named["1818"]["name"] == "Herøy (Nordland)"
    assert named["3001"] == {
        "code": "3001", "name": "Halden", "level": "municipality", "county": "30", "valid_from": 2020, "valid_to": 2023,
    }  # fmt: skip
    assert (named["0"]["level"], named["31"]["valid_from"], named["0301"]["valid_to"]) == ("nation", 2024, None)


def test_every_published_area_is_in_the_code_list() -> None:
    known = areas()
    assert all(each["area"] in known for year in (2023, 2024) for each in nation(year))


def test_publications_tell_what_changed_and_how_they_were_audited(first: Publication) -> None:
    publication(2, [table(CODE, ROWS)])
    publication(3, [table(CODE, ROWS)], withheld=True)
    body = get(path="/api/v1/publications/").json()
    assert [each["number"] for each in body["results"]] == [2, 1]
    one = get(path="/api/v1/publications/1/").json()
    assert one == body["results"][1]
    assert one["changes"][0] == {"year": 2022, "reason": "data", "municipalities": ["1103"]}
    assert one["suppressed"] == {"few": 3, "protects": 2, "level": 1} and one["unanimous"] == 4
    assert one["audit"] == {"passed": True, "suppressed_cells": 12, "narrowest_interval": 5, "held": []}
    assert one["released_at"] == "2024-02-02T13:00:00+01:00"
    problem(get(path="/api/v1/publications/3/"), 404)


def test_the_description_names_formats_and_problems() -> None:
    description = json.loads(get("?format=json", path="/api/v1/schema/").content)
    aggregates = description["paths"]["/api/v1/aggregates/{indicator}/"]["get"]
    assert len(aggregates["responses"]["200"]["content"]) == 4
    assert list(aggregates["responses"]["404"]["content"]) == ["application/problem+json"]
    assert {"year", "level", "area", "publication", "format", "page", "page_size"} <= {
        each["name"] for each in aggregates["parameters"]
    }
    public = [path for path, route in description["paths"].items() if {} in route.get("get", {}).get("security", [])]
    assert len(public) >= 6
