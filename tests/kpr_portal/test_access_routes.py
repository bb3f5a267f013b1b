"""Who may open what: every route, for everybody in the cast. A route that is missing from the table fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.cast import OTHER, OWN, Cast, cast_fixture  # noqa: F401
from tests.releases import publication

CHECK, INDICATOR = "person-id-invalid", "nutrition-assessed-institution"
ABSENT_PK, ABSENT_CODE = 999_999_999, "9998"
CASTS = ("kari", "otto", "unn", "rita", "nils", "nobody")  # own, other, unit leader, registry, no role, anonymous


@dataclass(frozen=True)
class Page:
    """A page: its arguments in the cast, and the status for each of CASTS. `absent` are arguments of what never was."""

    expected: tuple[int, ...]
    arguments: Callable[[Cast], list[object]] = lambda cast: []
    absent: list[object] = field(default_factory=list)


@dataclass(frozen=True)
class Api:
    """A REST route: the status for own token, other municipality's token, wrong scope, none."""

    expected: tuple[int, ...]
    arguments: Callable[[Cast], list[object]] = lambda cast: []
    absent: list[object] = field(default_factory=list)


def own_municipality(cast: Cast) -> list[object]:
    return [OWN]


def own_finding(cast: Cast) -> list[object]:
    return [OWN, CHECK]


def own_indicator(cast: Cast) -> list[object]:
    return [OWN, INDICATOR]


def own_submission(cast: Cast) -> list[object]:
    return [cast.current.pk]


def own_rows(cast: Cast) -> list[object]:
    return [cast.current.pk, CHECK]


def released_publication(cast: Cast) -> list[object]:
    return [publication(1, []).number]


PUBLIC = (200, 200, 200, 200, 200, 200)
INSIDE = (200, 404, 200, 200, 404, 302)  # own municipality, its unit leader, the registry
OPEN = (200, 200, 200, 200)  # public in the API
TOKENS = (200, 404, 403, 401)
ROUTES: dict[str, Page | Api] = {
    "front": Page(PUBLIC),
    "login": Page((302, 302, 302, 302, 302, 200)),
    "logout": Page((405, 405, 405, 405, 405, 405)),
    "set_language": Page((302, 302, 302, 302, 302, 302)),
    "home": Page((302, 302, 302, 302, 200, 302)),
    "register": Page((404, 404, 404, 200, 404, 302)),
    "register-yearly": Page((404, 404, 404, 200, 404, 302)),
    "municipality-home": Page(INSIDE, own_municipality, [ABSENT_CODE]),
    "units": Page((200, 404, 404, 200, 404, 302), own_municipality, [ABSENT_CODE]),
    "steering": Page(INSIDE, own_municipality, [ABSENT_CODE]),
    "submissions": Page(INSIDE, own_municipality, [ABSENT_CODE]),
    "submission-new": Page((200, 404, 404, 404, 404, 302), own_municipality, [ABSENT_CODE]),
    "submission": Page(INSIDE, own_submission, [ABSENT_PK]),
    "submission-progress": Page(INSIDE, own_submission, [ABSENT_PK]),
    "findings": Page(INSIDE, own_municipality, [ABSENT_CODE]),
    "finding": Page(INSIDE, own_finding, [ABSENT_CODE, CHECK]),
    "finding-excel": Page(INSIDE, own_finding, [ABSENT_CODE, CHECK]),
    "finding-csv": Page(INSIDE, own_finding, [ABSENT_CODE, CHECK]),
    "indicators": Page(INSIDE, own_municipality, [ABSENT_CODE]),
    "indicator": Page(INSIDE, own_indicator, [ABSENT_CODE, INDICATOR]),
    "indicator-records": Page(INSIDE, own_indicator, [ABSENT_CODE, INDICATOR]),
    "indicator-csv": Page(INSIDE, own_indicator, [ABSENT_CODE, INDICATOR]),
    "indicator-xlsx": Page(INSIDE, own_indicator, [ABSENT_CODE, INDICATOR]),
    "public-indicators": Page(PUBLIC),
    "publications": Page(PUBLIC),
    "public-indicator": Page(PUBLIC, lambda cast: [INDICATOR]),
    "about-indicators": Page(PUBLIC),
    "about-portal": Page(PUBLIC),
    "about-privacy": Page(PUBLIC),
    "about-sources": Page(PUBLIC),
    "about-accessibility": Page(PUBLIC),
    "checks": Page(PUBLIC),
    "check": Page(PUBLIC, lambda cast: [CHECK]),
    "security-txt": Page(PUBLIC),
    "healthz": Page(PUBLIC),
    "readyz": Page(PUBLIC),
    "api-unknown": Api((404, 404, 404, 404)),
    "api-schema": Api(OPEN),
    "api-docs": Api(OPEN),
    "api-checks": Api(OPEN),
    "api-status": Api(OPEN),
    "api-indicators": Api(OPEN),
    "api-aggregates": Api(OPEN, lambda cast: ["nutrition-assessed-institution"]),
    "api-codelists": Api(OPEN),
    "api-codelist": Api(OPEN, lambda cast: ["areas"]),
    "api-publications": Api(OPEN),
    "api-publication": Api(OPEN, released_publication),
    "api-submissions": Api((405, 405, 403, 401)),
    "api-submission": Api(TOKENS, own_submission, [ABSENT_PK]),
    "api-findings": Api(TOKENS, own_submission, [ABSENT_PK]),
    "api-finding-rows": Api(TOKENS, own_rows, [ABSENT_PK, CHECK]),
}


def routes(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns)
        else:
            yield pattern.name or f"nameless {pattern.pattern}"


def clients_of(cast: Cast, route: Page | Api) -> list[Client]:
    if isinstance(route, Page):
        return [cast.client(name) for name in CASTS]
    secrets = [cast.tokens["own"], cast.tokens["other"], cast.tokens["aggregates"]]
    return [*(Client(headers={"Authorization": f"Bearer {secret}"}) for secret in secrets), Client()]


def status(client: Client, address: str) -> int:
    """The status; a download is read to its end, which closes its file."""
    answer = client.get(address)
    if answer.streaming:
        answer.getvalue()
    return answer.status_code


def unmasked(content: bytes) -> bytes:
    """Without the form's token, which is masked anew in each answer."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", content)


def test_every_route_is_in_the_table() -> None:
    assert sorted(routes(get_resolver().url_patterns)) == sorted(ROUTES)


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_route(name: str, cast: Cast) -> None:
    route = ROUTES[name]
    address = reverse(name, args=route.arguments(cast))
    clients = clients_of(cast, route)
    assert tuple(status(client, address) for client in clients) == route.expected
    if route.absent:
        absent = reverse(name, args=route.absent)
        anothers = clients[1].get(address)
        never = clients[1].get(absent)
        assert (anothers.status_code, never.status_code) == (404, 404)
        assert unmasked(anothers.content) == unmasked(never.content)


def test_those_who_are_not_logged_in_come_back_to_where_they_were_going(cast: Cast) -> None:
    address = reverse("findings", args=[OWN])
    assert cast.client("nobody").get(address)["Location"] == f"{reverse('login')}?next={address}"


def test_a_submission_of_another_municipality_is_not_shown_through_ones_own(cast: Cast) -> None:
    for name in ("findings", "finding", "finding-csv"):
        arguments = [OWN] if name == "findings" else [OWN, CHECK]
        address = f"{reverse(name, args=arguments)}?innsending={cast.anothers.pk}"
        assert cast.client("kari").get(address).status_code == 404
        assert cast.client("rita").get(address).status_code == 404


def test_nobody_submits_for_another(cast: Cast) -> None:
    for name in ("unn", "rita", "otto"):
        assert cast.client(name).post(reverse("submission-new", args=[OWN]), {}).status_code == 404
    assert cast.client("otto").get(reverse("submission-new", args=[OTHER])).status_code == 200


def test_a_token_opens_no_page(cast: Cast) -> None:
    client = Client(headers={"Authorization": f"Bearer {cast.tokens['own']}"})
    assert client.get(reverse("findings", args=[OWN])).status_code == 302
