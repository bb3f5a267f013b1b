"""One person with several roles has each in its own place only, chooses among the places, and loses them at once."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from municipalities.access import Access, OwnPlace, visible
from municipalities.models import Membership, Token, Unit, User
from quality.models import UnitResult
from tests.cast import FJELLHEIM, OTHER, OWN, SOLBAKKEN, Cast, cast_fixture, client_of, person  # noqa: F401

pytestmark = pytest.mark.django_db
PASSWORD = "solskinn-over-fjellet-7"
Command = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Command:
    """A management command with a password on standard input; what it wrote."""

    def command(*arguments: str) -> str:
        out = io.StringIO()
        monkeypatch.setattr(sys, "stdin", io.StringIO(PASSWORD + "\n"))
        call_command(*arguments, stdout=out, stderr=out)
        return out.getvalue()

    return command


def leader_of(run: Command, name: str, municipality: str, unit: str, *more: str) -> User:
    place = ("--municipality", municipality, "--unit", unit)
    run("create_user", name, "--role", "unit_leader", *place, *(more or ("--password-stdin",)))
    return User.objects.get(username=name)


def user_in(run: Command, name: str, municipality: str, *more: str) -> User:
    run("create_user", name, "--role", "municipality", "--municipality", municipality, *(more or ("--password-stdin",)))
    return User.objects.get(username=name)


# --- Access ----------------------------------------------------------------------------------------------------


def test_each_role_counts_in_its_own_place(cast: Cast, run: Command) -> None:
    user_in(run, "ida", OTHER)
    access = Access.for_user(leader_of(run, "ida", OWN, SOLBAKKEN))
    assert access.places == (OwnPlace(OTHER), OwnPlace(OWN, SOLBAKKEN))
    assert access.units_in(OTHER) is None and access.units_in(OWN) == {SOLBAKKEN}
    assert access.may_see_whole(OTHER) and not access.may_see_whole(OWN)
    assert access.may_submit_for(OTHER) and not access.may_submit_for(OWN)
    assert access.units_in("0301") == frozenset() and not access.may_see_whole("0301")


def test_the_same_provider_in_two_municipalities_is_led_in_one(cast: Cast) -> None:
    Unit.objects.create(municipality_id=OTHER, organisation_number=SOLBAKKEN)
    access = Access.for_user(person("ida", "unit_leader", OWN, SOLBAKKEN))
    units = visible(Unit, access).values_list("municipality", "organisation_number")
    assert list(units) == [(OWN, SOLBAKKEN)]
    assert not visible(UnitResult, access).exclude(organisation_number=SOLBAKKEN).exists()
    assert visible(UnitResult, access).filter(organisation_number=SOLBAKKEN).exists()


def test_a_unit_is_led_under_the_numbers_before_a_renumbering(cast: Cast) -> None:
    Unit.objects.create(municipality_id="3101", organisation_number=SOLBAKKEN)
    access = Access.for_user(person("ida", "unit_leader", "3101", SOLBAKKEN))
    assert access.municipalities == {"3101", "3001"}
    assert access.units_in("3001") == {SOLBAKKEN} and not access.may_see_whole("3001")


def test_within_never_widens(cast: Cast) -> None:
    access = Access.for_user(User.objects.get(username="unn"))
    assert access.within([OTHER]).municipalities == frozenset() and not access.within([OTHER]).units
    assert access.within([OWN, OTHER]).units == {OWN: {SOLBAKKEN}}


# --- Choosing --------------------------------------------------------------------------------------------------


def test_one_place_is_gone_to_at_once(cast: Cast) -> None:
    assert cast.client("unn").get(reverse("home"))["Location"] == reverse("municipality-home", args=[OWN])


def test_the_home_page_offers_the_choice_of_two_municipalities(cast: Cast, run: Command) -> None:
    user_in(run, "ida", OTHER)
    client = client_of(leader_of(run, "ida", OWN, SOLBAKKEN))
    page = client.get(reverse("home")).content.decode()
    own, other = reverse("municipality-home", args=[OWN]), reverse("municipality-home", args=[OTHER])
    assert f'href="{own}?enhet={SOLBAKKEN}"' in page and f'href="{other}"' in page
    assert f'href="{reverse("home")}"' in client.get(own).content.decode()


def test_a_municipality_user_leads_but_a_unit_elsewhere(cast: Cast, run: Command) -> None:
    user_in(run, "ida", OTHER)
    client = client_of(leader_of(run, "ida", OWN, SOLBAKKEN))
    assert client.get(reverse("units", args=[OTHER])).status_code == 200
    assert client.get(reverse("units", args=[OWN])).status_code == 404
    assert client.get(reverse("submission-new", args=[OTHER])).status_code == 200
    assert client.get(reverse("submission-new", args=[OWN])).status_code == 404


def findings_page(client: Client, unit: str = "") -> str:
    page = client.get(reverse("findings", args=[OWN]), {"enhet": unit} if unit else {}).content.decode()
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page)  # masked anew in each answer


def test_who_leads_two_units_sees_one_at_a_time(cast: Cast, run: Command) -> None:
    leader_of(run, "ida", OWN, SOLBAKKEN)
    client = client_of(leader_of(run, "ida", OWN, FJELLHEIM))
    first, second = findings_page(client), findings_page(client, FJELLHEIM)
    assert "Solbakken sykehjem</h1>" in first and f"{FJELLHEIM}</h1>" in second
    assert first != second and "Hele kommunen" not in first
    assert f"enhet={FJELLHEIM}" in second.split("</nav>")[1]  # the tabs keep the choice


def test_no_address_leads_to_a_unit_that_is_not_ones_own(cast: Cast) -> None:
    asked, own = (re.sub(r"<[^>]+>", "", findings_page(cast.client("unn"), unit)) for unit in (FJELLHEIM, ""))
    assert asked == own


# --- From the command line ---------------------------------------------------------------------------------------


def test_a_second_role_stands_beside_the_first_and_keeps_the_password(cast: Cast, run: Command) -> None:
    user_in(run, "ida", OTHER)
    user = leader_of(run, "ida", OWN, SOLBAKKEN, "--verbosity", "1")
    assert user.check_password(PASSWORD) and user.memberships.count() == 2


def test_the_command_tells_every_role(cast: Cast, run: Command) -> None:
    user_in(run, "ida", OTHER)
    told = run("create_user", "ida", "--role", "unit_leader", "--municipality", OWN, "--unit", SOLBAKKEN)
    assert "kommune, Bergen; enhetsleder, Solbakken sykehjem, Stavanger" in told


def test_in_one_municipality_one_has_one_role(cast: Cast, run: Command) -> None:
    user_in(run, "ida", OWN)
    user = leader_of(run, "ida", OWN, SOLBAKKEN)
    leader_of(run, "ida", OWN, SOLBAKKEN)
    assert Access.for_user(user).places == (OwnPlace(OWN, SOLBAKKEN),)
    user_in(run, "ida", OWN)
    assert Access.for_user(user).places == (OwnPlace(OWN),)


def test_the_registers_staff_have_no_other_role(cast: Cast, run: Command) -> None:
    user = user_in(run, "ida", OWN)
    run("create_user", "ida", "--role", "registry")
    assert Access.for_user(user).is_registry and user.memberships.count() == 1
    user_in(run, "ida", OWN)
    assert not Access.for_user(user).is_registry


def test_revoking_ends_open_sessions(cast: Cast, run: Command) -> None:
    client, address = Client(), reverse("findings", args=[OWN])
    user_in(run, "ida", OWN)
    assert client.login(username="ida", password=PASSWORD, request=client.get("/").wsgi_request)
    other = cast.client("kari")
    assert client.get(address).status_code == 200
    told = run("create_user", "ida", "--revoke")
    assert "ikke lenger tilgang" in told
    assert client.get(address).status_code == 302 and other.get(address).status_code == 200
    user = User.objects.get(username="ida")
    assert not user.is_active and not user.check_password(PASSWORD) and not user.memberships.exists()


def test_one_role_is_revoked_and_the_others_stand(cast: Cast, run: Command) -> None:
    user_in(run, "ida", OTHER)
    client = client_of(leader_of(run, "ida", OWN, SOLBAKKEN))
    run("create_user", "ida", "--revoke", "--municipality", OWN, "--unit", SOLBAKKEN)
    assert client.get(reverse("findings", args=[OWN])).status_code == 404
    assert client.get(reverse("findings", args=[OTHER])).status_code == 200


def test_who_was_revoked_needs_a_new_password(cast: Cast, run: Command) -> None:
    user_in(run, "ida", OWN)
    run("create_user", "ida", "--revoke")
    with pytest.raises(CommandError, match="--password-stdin"):
        run("create_user", "ida", "--role", "municipality", "--municipality", OWN)
    user = user_in(run, "ida", OWN)
    assert user.is_active and user.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ukjent", "--revoke"], "ukjent"),
        (["kari", "--revoke", "--municipality", OTHER], "kommune, Stavanger"),
        (["kari", "--revoke", "--role", "municipality"], "--revoke"),
    ],
)
def test_a_revocation_that_would_end_nothing_says_so(
    cast: Cast, run: Command, arguments: list[str], expected: str
) -> None:
    before = Membership.objects.count()
    with pytest.raises(CommandError, match=expected):
        run("create_user", *arguments)
    assert Membership.objects.count() == before


# --- Tokens ------------------------------------------------------------------------------------------------------


def asks(secret: str, cast: Cast) -> int:
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    return client.get(reverse("api-submission", args=[cast.current.pk])).status_code


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_revoked_token_is_refused_at_once(cast: Cast, run: Command, by: str) -> None:
    assert asks(cast.tokens["own"], cast) == 200
    run("revoke_token", str(Token.objects.get(name="own").pk) if by == "id" else "own")
    assert asks(cast.tokens["own"], cast) == 401


def test_of_two_tokens_with_one_name_the_operator_chooses(cast: Cast, run: Command) -> None:
    twin = Token.objects.create(name="own", digest="0" * 64, scopes=["submit"])
    with pytest.raises(CommandError, match=str(twin.pk)):
        run("revoke_token", "own")
    run("revoke_token", str(twin.pk))
    run("revoke_token", "own")
    assert asks(cast.tokens["own"], cast) == 401


@pytest.mark.parametrize("which", ["finnes-ikke", "999999", "9" * 40])
def test_a_token_that_is_not_there_is_told(cast: Cast, run: Command, which: str) -> None:
    with pytest.raises(CommandError, match=which):
        run("revoke_token", which)


def test_a_token_is_ended_once(cast: Cast, run: Command) -> None:
    run("revoke_token", "own")
    with pytest.raises(CommandError, match="fra før"):
        run("revoke_token", "own")
