"""Publications made by hand, as the publishing leaves them: for those who test what reads them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from charts.comparison import wilson
from municipalities.models import Municipality
from publications.models import Publication, PublicationState, PublishedTable

NOON = datetime.datetime(2024, 2, 1, 12, tzinfo=datetime.UTC)
MISSING: dict[str, Any] = dict.fromkeys(("numerator", "denominator", "value", "low", "high"))


def row(area: str, numerator: int, denominator: int, year: int = 2023) -> dict[str, Any]:
    interval = wilson(numerator, denominator)
    assert interval is not None
    figures = {"value": numerator / denominator, "low": interval.low, "high": interval.high}
    return {
        **placed(area, year),
        "numerator": numerator,
        "denominator": denominator,
        **{name: round(figure, 4) for name, figure in figures.items()},
        "suppressed": False,
        "status": "published",
        "note": "",
    }


def missing(area: str, status: str, year: int = 2023, **shown: Any) -> dict[str, Any]:
    absent = {**MISSING, "suppressed": status == "suppressed", "status": status, "note": ""}
    return {**placed(area, year), **absent, **shown}


def placed(area: str, year: int) -> dict[str, Any]:
    level = {1: "nation", 2: "county", 4: "municipality"}[len(area)]
    return {"area": area, "level": level, "year": year}


def nation(year: int = 2023) -> list[dict[str, Any]]:
    """Every area of the year, the figures made from the number; every ninth municipality is missing in some way."""
    wanted = list(Municipality.objects.in_year(year).order_by("pk").values_list("pk", "county_id"))
    counties = sorted({county for _code, county in wanted})
    rows = [row("0", 22_800, 40_000, year), *(row(county, 300 + int(county), 700, year) for county in counties)]
    for place, (code, _county) in enumerate(wanted):
        status = {0: "suppressed", 3: "not_reported", 6: "not_applicable", 9: "not_released"}.get(place % 27)
        rows.append(missing(code, status, year) if status else row(code, 20 + int(code) % 60, 100, year))
    return rows


def table(indicator: str, rows: Sequence[dict[str, Any]], version: int = 1) -> PublishedTable:
    """With true counts beside the rows, by which a leak of them would be seen."""
    year = rows[0]["year"]
    counts = {"areas": {"1103": [987_654, 987_655]}, "secret": "never leaves"}
    return PublishedTable.objects.create(
        indicator=indicator, version=version, year=year, digest="0" * 64, rows=list(rows), counts=counts
    )


def publication(number: int, tables: Sequence[PublishedTable], *, withheld: bool = False) -> Publication:
    made = Publication.objects.create(
        number=number,
        state=PublicationState.WITHHELD if withheld else PublicationState.PROVISIONAL,
        year=max((each.year for each in tables), default=2023),
        created_at=NOON + datetime.timedelta(days=number),
        changes=[{**told, "inner": "never leaves"} for told in changes(tables)],
        suppressed={"few": 3, "protects": 2, "level": 1},
        unanimous=4,
        audit={"passed": not withheld, "suppressed": 12, "narrowest": 5, "cells": "never leaves"},
    )
    made.tables.set(tables)
    return made


def changes(tables: Sequence[PublishedTable]) -> list[dict[str, Any]]:
    return [
        {"year": year, "reason": "data", "municipalities": ["1103"]} for year in sorted({each.year for each in tables})
    ]
