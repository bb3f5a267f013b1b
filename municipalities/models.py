"""The ground: the areas that report, the units and people in them, and the log of what people did."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipalities import database


class County(models.Model):
    """A county (fylke) with the first and last data year of its number."""

    code = models.CharField(primary_key=True, max_length=2)
    name = models.CharField(max_length=60)
    valid_from = models.SmallIntegerField()
    valid_to = models.SmallIntegerField(null=True)

    def __str__(self) -> str:
        return self.name


class MunicipalityQuerySet(models.QuerySet["Municipality"]):
    def in_year(self, year: int) -> MunicipalityQuerySet:
        """Municipalities whose number was in use in the data year (the structure that a message must follow)."""
        open_end = models.Q(valid_to__isnull=True) | models.Q(valid_to__gte=year)
        return self.filter(open_end, valid_from__lte=year)


class Municipality(models.Model):
    """A municipality number (kommunenummer) with the first and last data year in which it was in use.

    `lineage` is the oldest number of the same people's municipality: renumbering in 2024 kept it, so that a person's
    answers of earlier years are found under the old number. Both halves of a divided municipality share it.
    """

    code = models.CharField(primary_key=True, max_length=4)
    name = models.CharField(max_length=60)
    county = models.ForeignKey(County, models.PROTECT)
    organisation_number = models.CharField(max_length=9, blank=True)
    valid_from = models.SmallIntegerField()
    valid_to = models.SmallIntegerField(null=True)
    lineage = models.CharField(max_length=4, db_index=True)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)

    objects = MunicipalityQuerySet.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.name} ({self.county.name})" if self.shares_name else self.name

    @property
    def shares_name(self) -> bool:
        """Two municipalities are called Herøy, two Våler: they are told apart wherever they are named."""
        return self.name in {"Herøy", "Våler"}


class MunicipalityChange(models.Model):
    """What became of a municipality number: renumbered (omnummerert) or divided (deling)."""

    old = models.ForeignKey(Municipality, models.CASCADE, related_name="successors")
    new = models.ForeignKey(Municipality, models.CASCADE, related_name="predecessors")
    year = models.SmallIntegerField()
    divided = models.BooleanField()


class District(models.Model):
    """A district (bydel) of Oslo, Bergen, Stavanger or Trondheim."""

    code = models.CharField(primary_key=True, max_length=6)
    name = models.CharField(max_length=60)
    municipality = models.ForeignKey(Municipality, models.CASCADE)
    kind = models.CharField(max_length=30)


class Population(models.Model):
    """Inhabitants on 1 January of `year`, by age group; of the municipality, or of one district when it is named."""

    municipality = models.ForeignKey(Municipality, models.CASCADE)
    district = models.ForeignKey(District, models.CASCADE, null=True)
    year = models.SmallIntegerField()
    age_group = models.CharField(max_length=5)
    persons = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "district", "year", "age_group"],
                nulls_distinct=False,
                name="one_population_per_area_year_and_age",
            )
        ]


class Unit(models.Model):
    """A nursing home, home-care district or other provider: an organisation number found in the data."""

    ACCESS_PATH = "municipality"
    UNIT_PATH = "organisation_number"

    municipality = models.ForeignKey(Municipality, models.CASCADE)
    organisation_number = models.CharField(max_length=9)
    name = models.CharField(_("navn"), max_length=100, blank=True)

    class Meta:
        ordering = ["name", "organisation_number"]
        constraints = [
            models.UniqueConstraint(fields=["municipality", "organisation_number"], name="one_unit_per_municipality")
        ]

    def __str__(self) -> str:
        return self.name or self.organisation_number


class UserManager(BaseUserManager["User"]):
    use_in_migrations = False

    def get_by_natural_key(self, username: str | None) -> User:
        """The one that somebody tries to log in as."""
        database.know(login=username)
        return super().get_by_natural_key(username)


class User(AbstractUser):
    """A person who logs in. What the person may see is in the memberships."""

    objects: ClassVar[UserManager] = UserManager()

    def check_password(self, raw_password: str) -> bool:
        """As Django's, which would also store the hash anew when the hasher's costs change: a request may not write it."""
        return check_password(raw_password, self.password)


class Role(models.TextChoices):
    UNIT_LEADER = "unit_leader", _("enhetsleder")
    MUNICIPALITY = "municipality", _("kommune")
    REGISTRY = "registry", _("registeret")


class Membership(models.Model):
    """A user's role: over one unit, one municipality, or (registry staff) the nation."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    municipality = models.ForeignKey(Municipality, models.CASCADE, null=True)
    unit = models.ForeignKey(Unit, models.CASCADE, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="membership_names_what_its_role_needs",
                condition=models.Q(role=Role.REGISTRY, municipality__isnull=True, unit__isnull=True)
                | models.Q(role=Role.MUNICIPALITY, municipality__isnull=False, unit__isnull=True)
                | models.Q(role=Role.UNIT_LEADER, municipality__isnull=False, unit__isnull=False),
            )
        ]


class Scope(models.TextChoices):
    SUBMIT = "submit"
    FINDINGS = "findings"
    AGGREGATES = "aggregates"


class Token(models.Model):
    """A bearer token of a machine client. Only its SHA-256 is stored; without a municipality it is national."""

    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    municipality = models.ForeignKey(Municipality, models.CASCADE, null=True)
    scopes = ArrayField(models.CharField(max_length=12, choices=Scope.choices))
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)


class AuditEvent(models.Model):
    """One act or one look at person-level rows: who, what, when. Never what the rows said."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=40)
    municipality = models.ForeignKey(Municipality, models.PROTECT, null=True, db_constraint=False)
    details: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
