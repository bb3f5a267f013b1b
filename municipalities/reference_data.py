"""Reads the reference data files of municipalities/reference/ (its README names source and licence of each)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from django.db import connection, models

from municipalities import database
from municipalities.models import County, District, Municipality, MunicipalityChange, Population

FOLDER = Path(__file__).parent / "reference"
AGE_GROUPS = ("0-17", "18-49", "50-66", "67-79", "80-89", "90+")
FIRST_YEAR = 2020
NEW_STRUCTURE = 2024  # the first data year of the counties and numbers that came with 1 January 2024
DISTRICTS_YEAR = 2022


def rows(name: str) -> list[dict[str, str]]:
    """The lines of one reference file, by its own column names."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def structure(year: int) -> list[dict[str, str]]:
    """The municipalities of a data year: 356 until 2023, 357 from 2024."""
    return rows("kommuner_2024" if year >= NEW_STRUCTURE else "kommuner_2020_2023")


def lineages() -> dict[str, str]:
    """For each municipality number its number of 2020-2023; both halves of Ålesund have 1507."""
    same = {row["kommunenummer"]: row["kommunenummer"] for row in rows("kommuner_2020_2023")}
    changed = {row["kommunenummer_2024"]: row["kommunenummer_2020_2023"] for row in _changes()}
    kept = {row["kommunenummer"]: row["kommunenummer"] for row in rows("kommuner_2024")}
    return kept | same | changed


def _changes() -> list[dict[str, str]]:
    return rows("endringer_2023_til_2024")


def validity(code: str, old: set[str], new: set[str]) -> tuple[int, int | None]:
    """First and last data year (None = still in use) of a number that is in the old list, the new, or both."""
    return FIRST_YEAR if code in old else NEW_STRUCTURE, None if code in new else NEW_STRUCTURE - 1


def counties() -> list[County]:
    old = {row["fylkesnummer"]: row["fylkesnavn"] for row in rows("fylker_2020_2023")}
    new = {row["fylkesnummer"]: row["fylkesnavn"] for row in rows("fylker_2024")}
    return [_county(code, name, set(old), set(new)) for code, name in sorted((old | new).items())]


def _county(code: str, name: str, old: set[str], new: set[str]) -> County:
    start, end = validity(code, old, new)
    return County(code=code, name=name, valid_from=start, valid_to=end)


def municipalities() -> list[Municipality]:
    old = {row["kommunenummer"]: row for row in rows("kommuner_2020_2023")}
    new = {row["kommunenummer"]: row for row in rows("kommuner_2024")}
    lineage = lineages()
    return [
        _municipality(row, old.get(lineage[code], {}), lineage[code], validity(code, set(old), set(new)))
        for code, row in sorted((old | new).items())
    ]


def _municipality(
    row: dict[str, str], ancestor: dict[str, str], lineage: str, years: tuple[int, int | None]
) -> Municipality:
    kept_its_name = ancestor.get("navn") == row["navn"]  # Haram is a part of what was Ålesund, elsewhere
    place = ancestor if kept_its_name or row.get("kommunenummer_2020_2023") else {}
    return Municipality(
        code=row["kommunenummer"],
        name=row["navn"],
        county_id=row["fylkesnummer"],
        organisation_number=row["orgnr"],
        valid_from=years[0],
        valid_to=years[1],
        lineage=lineage,
        longitude=_degrees(place.get("lon", "")),
        latitude=_degrees(place.get("lat", "")),
    )


def _degrees(text: str) -> float | None:
    return float(text) if text else None


def changes() -> list[MunicipalityChange]:
    return [
        MunicipalityChange(
            old_id=row["kommunenummer_2020_2023"],
            new_id=row["kommunenummer_2024"],
            year=NEW_STRUCTURE,
            divided=row["type"].startswith("deling"),
        )
        for row in _changes()
    ]


def districts() -> list[District]:
    return [
        District(
            code=row["bydelsnummer"], name=row["bydelsnavn"], municipality_id=row["kommunenummer"], kind=row["type"]
        )
        for row in rows("bydeler")
    ]


POPULATION_COLUMNS = ("municipality_id", "district_id", "year", "age_group", "persons")


def populations() -> Iterator[tuple[str, str | None, int, str, int]]:
    """Rows of Population by POPULATION_COLUMNS."""
    for row in rows("folketall_kommune_aldersgruppe_2020_2022"):
        for group in AGE_GROUPS:
            yield row["kommunenummer"], None, int(row["aar_1jan"]), group, int(row[group])
    for row in rows("bydeler"):
        for group in AGE_GROUPS:
            inhabitants = int(row[f"{group}_{DISTRICTS_YEAR}"])
            yield row["kommunenummer"], row["bydelsnummer"], DISTRICTS_YEAR, group, inhabitants


@database.transaction_as(database.OWNER)
def load() -> dict[str, int]:
    """Bring the reference tables in line with the files. Run again, it changes nothing.

    Returns how many rows each table got. Rows that others refer to are updated in place; the rest are replaced.
    """
    loaded: dict[str, int] = {}
    for kept in (counties(), municipalities(), districts()):
        loaded[type(kept[0]).__name__] = _upsert(kept)
    MunicipalityChange.objects.all().delete()
    loaded["MunicipalityChange"] = len(MunicipalityChange.objects.bulk_create(changes()))
    Population.objects.all().delete()
    loaded["Population"] = _copy_populations()
    return loaded


def _copy_populations() -> int:
    columns = ", ".join(POPULATION_COLUMNS)
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {Population._meta.db_table} ({columns}) FROM STDIN") as copy:
            for row in populations():
                copy.write_row(row)
        return int(cursor.rowcount)


def _upsert(instances: list[County] | list[Municipality] | list[District]) -> int:
    model: type[models.Model] = type(instances[0])
    fields = [field.name for field in model._meta.local_concrete_fields if not field.primary_key]
    model._default_manager.bulk_create(
        instances, update_conflicts=True, unique_fields=["code"], update_fields=fields, batch_size=2000
    )
    return len(instances)
