"""create_user and create_token, as an operator uses them."""

import io
import sys

import pytest
from django.core.management import CommandError, call_command

from municipalities.access import Access
from municipalities.models import Token, Unit, User

pytestmark = pytest.mark.django_db
PASSWORD = "solskinn-over-fjellet-7"
UNIT = "974760673"


@pytest.fixture(autouse=True)
def reference() -> None:
    call_command("load_reference")


def create_user(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str = PASSWORD) -> User:
    monkeypatch.setattr(sys, "stdin", io.StringIO(password + "\n"))
    call_command("create_user", *arguments, "--password-stdin")
    return User.objects.get(username=arguments[0])


def create_token(*arguments: str) -> str:
    out = io.StringIO()
    call_command("create_token", *arguments, stdout=out)
    return out.getvalue()


def test_registry_sees_the_nation(monkeypatch: pytest.MonkeyPatch) -> None:
    user = create_user(monkeypatch, "reg", "--role", "registry")
    assert Access.for_user(user).is_registry and user.check_password(PASSWORD)


def test_municipality_sees_and_submits_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access.for_user(create_user(monkeypatch, "kom", "--role", "municipality", "--municipality", "4601"))
    assert access.municipalities == {"4601"} and access.may_submit_for("4601") and not access.may_submit_for("0301")


def test_unit_leader_gets_the_unit_made(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("leder", "--role", "unit_leader", "--municipality", "4601", "--unit", UNIT)
    access = Access.for_user(create_user(monkeypatch, *arguments))
    assert access.units_in("4601") == {UNIT} and not access.may_submit_for("4601")
    assert Unit.objects.filter(municipality="4601", organisation_number=UNIT).count() == 1


def test_again_replaces_role_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    create_user(monkeypatch, "ola", "--role", "registry")
    user = create_user(
        monkeypatch, "ola", "--role", "municipality", "--municipality", "5001", password="regn-langs-hele-kysten-9"
    )
    assert user.check_password("regn-langs-hele-kysten-9")
    assert Access.for_user(user).municipalities == {"5001"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "--role"),
        (["--role", "sjef"], "sjef"),
        (["--role", "municipality"], "--municipality"),
        (["--role", "municipality", "--municipality", "9998"], "9998"),
        (["--role", "municipality", "--municipality", "4601", "--unit", UNIT], "--unit"),
        (["--role", "unit_leader", "--municipality", "4601"], "--unit"),
        (["--role", "unit_leader", "--unit", UNIT], "--municipality"),
        (["--role", "unit_leader", "--municipality", "4601", "--unit", "12"], "ni sifre"),
        (["--role", "registry", "--municipality", "4601"], "registry"),
    ],
)
def test_a_wrong_argument_says_what_to_do(monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str) -> None:
    with pytest.raises(CommandError, match=expected):
        create_user(monkeypatch, "feil", *arguments)
    assert not User.objects.filter(username="feil").exists()


@pytest.mark.parametrize("password", ["kort", "123456789012345", "password1234", "etnavnsomerbrukernavn", ""])
def test_a_poor_password_is_refused(monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    with pytest.raises(CommandError):
        create_user(monkeypatch, "etnavnsomerbrukernavn", "--role", "registry", password=password)
    assert not User.objects.exists()


def test_the_password_is_never_an_argument() -> None:
    with pytest.raises(CommandError, match="--password-stdin"):
        call_command("create_user", "reg", "--role", "registry")


def test_token_is_printed_alone_and_stored_hashed() -> None:
    printed = create_token("fagsystem", "--municipality", "4601", "--scope", "submit", "--scope", "findings")
    secret = printed.strip()
    assert printed == secret + "\n" and " " not in secret
    token = Token.objects.get()
    assert secret not in token.digest and token.scopes == ["submit", "findings"]
    access = Access.for_token(secret)
    assert access is not None and access.municipalities == {"4601"}


def test_several_scopes_at_once_for_the_nation() -> None:
    access = Access.for_token(create_token("nasjonal", "--scope", "submit", "findings", "aggregates").strip())
    assert (
        access is not None and access.municipalities is None and access.scopes == {"submit", "findings", "aggregates"}
    )


@pytest.mark.parametrize(
    "arguments", [[], ["--scope", "alt"], ["--scope", "submit", "--municipality", "9998"]], ids=str
)
def test_a_wrong_token_argument_is_refused(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        create_token("feil", *arguments)
    assert not Token.objects.exists()
