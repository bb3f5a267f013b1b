"""Facts about identity numbers, as data."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.no import fodselsnummer

from municipalities.identity_numbers import _has_right_check_digits, is_valid, month_shift
from submissions.identity import pseudonym
from submissions.load import code_number, date, hours, integer, organisation


def number(nine: str) -> str:
    first = fodselsnummer.calc_check_digit1(nine)
    return nine + first + fodselsnummer.calc_check_digit2(nine + first)


@pytest.mark.parametrize(
    ("nine", "shift"),
    [
        ("150855100", 0),
        ("550855100", 0),  # D-nummer
        ("158855100", 80),
        ("157355100", 65),
        ("154855100", 40),
    ],
)
def test_valid_numbers_of_each_series(nine: str, shift: int) -> None:
    candidate = number(nine)
    assert month_shift(candidate) == shift
    assert is_valid(candidate, shift)
    last = str((int(candidate[-1]) + 1) % 10)
    assert not is_valid(candidate[:-1] + last, shift)


@given(nine=st.integers(0, 10**9 - 1).map("{:09}".format), wrong=st.sampled_from((0, 1, 10)))
def test_check_digits_are_those_of_stdnum(nine: str, wrong: int) -> None:
    right = number(nine)
    assume(len(right) == 11)
    told = f"{(int(right) - wrong) % 10**11:011}"
    expected = told[9:] == fodselsnummer.calc_check_digit1(told) + fodselsnummer.calc_check_digit2(told)
    assert _has_right_check_digits(told) == expected


@pytest.mark.parametrize(
    "bad", ["", "1", "15085512", "1508551230a", "150855 12345", "00000000000", "99999999999", "²" * 11]
)
def test_not_a_number(bad: str) -> None:
    assert not is_valid(bad, month_shift(bad))


def test_nobody_is_born_tomorrow() -> None:
    assert not is_valid(number("311239501"), 0)


def test_month_is_only_shifted_into_a_month() -> None:
    assert [month_shift(f"01{m:02}0112345") for m in (12, 13, 40, 41, 52, 53, 65, 66, 77, 78, 80, 81, 92, 93)] == [
        0, 0, 0, 40, 40, 0, 0, 65, 65, 0, 0, 80, 80, 0,
    ]  # fmt: skip


def test_a_pseudonym_hangs_on_type_number_and_key(settings: object) -> None:
    first = pseudonym("1", "15885512345")
    assert first == pseudonym("1", "15885512345")
    assert len(first) == 32
    assert first != pseudonym("2", "15885512345")
    settings.KPR_PSEUDONYM_KEY = "another"  # type: ignore[attr-defined]
    assert first != pseudonym("1", "15885512345")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (None, r"\N"),
        ("2023-02-28", "2023-02-28"),
        (" 2023-02-28 ", "2023-02-28"),
        ("2023-02-28Z", "2023-02-28"),
        ("2023-02-28-11:00", "2023-02-28"),
        ("12109-02-28", "9999-12-31"),
        ("-0044-03-15", "0001-01-01"),
    ],
)
def test_dates(text: str | None, read: str) -> None:
    assert date(text) == read


@pytest.mark.parametrize(
    ("text", "read"), [("08.01", "8"), ("015", "15"), ("15", "15"), ("X1", r"\N"), ("9999999999", r"\N")]
)
def test_code_numbers(text: str, read: str) -> None:
    assert code_number(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (None, "\\N\t\\N"),
        ("  ", "\\N\t\\N"),
        ("974760673", "974760673\tt"),
        ("974760674", "974760674\tf"),
        ("utenbys", "utenbys\tf"),
        ("974 760 673", "974 760 673\tf"),
        ("999999999", "999999999\tf"),
        ("800000017", "800000017\tf"),
    ],
)
def test_organisation_numbers(text: str | None, read: str) -> None:
    assert organisation(text) == read


def test_numbers() -> None:
    assert (integer("+1940"), integer("0"), integer(" -7 "), integer("0" * 30 + "1940")) == ("1940", "0", "-7", "1940")
    assert (integer("9" * 5000), integer("-" + "9" * 30)) == ("999999999", "-999999999")
    assert (hours("37.50"), hours(None), float(hours("0" * 99 + "7.5" + "0" * 99))) == ("37.50", r"\N", 7.5)
