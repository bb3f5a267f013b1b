"""Dates, times and numbers are written as each language writes them, and the same everywhere."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import translation

from charts.values import count, decimal
from quality.labels import shown

MOMENT = datetime.datetime(2024, 1, 15, 15, 35, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
ROOT = Path(__file__).parents[2]


def written(text: str, value: object) -> str:
    return Template("{{ value|" + text + " }}").render(Context({"value": value}))


@pytest.mark.parametrize(
    ("language", "day", "short", "moment", "time", "month_day"),
    [
        ("nb", "15. januar 2024", "15.01.2024", "15. januar 2024 kl. 15.35", "kl. 15.35", "15. januar"),
        ("nn", "15. januar 2024", "15.01.2024", "15. januar 2024 kl. 15.35", "kl. 15.35", "15. januar"),
        ("en", "15 January 2024", "15 Jan 2024", "15 January 2024 15:35", "15:35", "15 January"),
    ],
)
def test_dates_and_times(language: str, day: str, short: str, moment: str, time: str, month_day: str) -> None:
    with translation.override(language):
        assert written('date:"DATE_FORMAT"', MOMENT) == day
        assert written('date:"SHORT_DATE_FORMAT"', MOMENT) == short
        assert written('date:"DATETIME_FORMAT"', MOMENT) == moment
        assert written('time:"TIME_FORMAT"', MOMENT) == time
        assert written('date:"MONTH_DAY_FORMAT"', MOMENT) == month_day
        assert shown("startDato", MOMENT.date()) == short


@pytest.mark.parametrize(("language", "sign"), [("nb", ","), ("nn", ","), ("en", ".")])
def test_numbers(language: str, sign: str) -> None:
    with translation.override(language):
        assert count(1234567) == "1\u202f234\u202f567" == Template("{{ n }}").render(Context({"n": 1234567}))
        assert decimal(1234.56) == f"1\u202f234{sign}6"
        assert decimal(-0.5) == f"−0{sign}5"
        assert shown("timerPerUke", 1234.5) == f"1\u202f234{sign}5"


def test_no_template_spells_a_format_of_its_own() -> None:
    """A template names a format of kpr_portal/formats, so that another language can write it otherwise."""
    spelled = {
        str(path.relative_to(ROOT)): found
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if (found := re.findall(r'\|(?:date|time):"(?![A-Z_]+_FORMAT")[^"]*"', path.read_text()))
    }
    assert not spelled


def test_no_script_has_words_or_numbers_of_one_language() -> None:
    for path in (ROOT / "static" / "portal").glob("*.js"):
        assert "toLocale" not in path.read_text(), path
