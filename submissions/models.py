"""The record: what was sent, by whom, and the rows read from it.

Person-level tables carry the submission and the municipality on every row: the first is what checks filter on, the
second what row-level security filters on. Their foreign keys have no database constraint: rows come only from one loader, by COPY,
and a constraint is checked row by row there.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from municipalities.models import Municipality, Token, User
from submissions.problems import told


class Channel(models.TextChoices):
    WEB = "web", _("nettside")
    API = "api", _("API")
    AMQP = "amqp", _("meldingsbuss")


class Kind(models.TextChoices):
    ANNUAL = "annual", _("årsmelding")
    EVENTS = "events", _("løpende")


class Status(models.TextChoices):
    RECEIVED = "received", _("mottatt")
    PROCESSING = "processing", _("behandles")
    DONE = "done", _("ferdig")
    REJECTED = "rejected", _("avvist")
    FAILED = "failed", _("stoppet")


class Stage(models.TextChoices):
    """How far the work on a submission has come; shown while it goes on."""

    WAITING = "waiting", _("venter på tur")
    READING = "reading", _("leses inn")
    CHECKING = "checking", _("kontrolleres")
    FINISHED = "finished", _("ferdig")


class Message(models.Model):
    """The message as received, encrypted; deleting it (with its key) shreds it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    wrapped_key = models.BinaryField()
    stored_at = models.DateTimeField(auto_now_add=True)


class MessageChunk(models.Model):
    message = models.ForeignKey(Message, models.CASCADE, db_index=False, related_name="chunks")
    number = models.IntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="one_chunk_per_number")]


UNFINISHED = (Status.RECEIVED, Status.PROCESSING)
REFUSED = (Status.REJECTED, Status.FAILED)


class Submission(models.Model):
    """One message from one municipality for one year, with its receipt.

    `municipality` and `year` are null only when a refused message names neither. `supersedes` is the submission that was
    current when this one was processed: what it is compared with. `persons` and `services` grow
    while it is read: they show the progress. `attempts` counts the times that work on it began, `faults` those that ended with
    a fault of the message; `not_before` is when the next may begin. `rows_removed_at` says that only the counts are left.
    while it is read: they show the progress. `problem` holds codes and facts (submissions.problems), `told_problem` the words.
    """

    ACCESS_PATH = "municipality"

    municipality = models.ForeignKey(Municipality, models.PROTECT, null=True)
    year = models.SmallIntegerField(null=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    extracted_on = models.DateField(null=True)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.ANNUAL)
    channel = models.CharField(max_length=4, choices=Channel.choices)
    dry_run = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVED)
    stage = models.CharField(max_length=8, choices=Stage.choices, default=Stage.WAITING)
    is_current = models.BooleanField(default=False)
    supersedes = models.ForeignKey("self", models.SET_NULL, null=True, related_name="superseded_by")

    received_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    processed_at = models.DateTimeField(null=True)
    # When the figures were last computed of it; null until then.
    indicators_at = models.DateTimeField(null=True)
    steering_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    faults = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    rows_removed_at = models.DateTimeField(null=True)
    problem: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True)

    sent_by_user = models.ForeignKey(User, models.PROTECT, null=True)
    sent_by_token = models.ForeignKey(Token, models.PROTECT, null=True)
    # The name of either, as it was then: a request sees no accounts but its own.
    sender = models.CharField(max_length=150, blank=True)
    idempotency_key = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    vendor = models.CharField(max_length=100, blank=True)
    system = models.CharField(max_length=100, blank=True)
    system_version = models.CharField(max_length=100, blank=True)
    extract_version = models.CharField(max_length=100, blank=True)
    persons = models.IntegerField(default=0)
    services = models.IntegerField(default=0)
    events = models.IntegerField(default=0)
    # Persons of the submission that this one is compared with who are not in this one; null where there is none.
    persons_gone = models.IntegerField(null=True)
    message = models.OneToOneField(Message, models.SET_NULL, null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["municipality", "year"], name="submission_by_year"),
            models.Index(fields=["status"], condition=models.Q(status__in=UNFINISHED), name="submission_unfinished"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "year", "kind"],
                condition=models.Q(is_current=True),
                name="one_current_submission",
            ),
            models.UniqueConstraint(
                fields=["sent_by_token", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="one_submission_per_idempotency_key",
            ),
            models.CheckConstraint(
                condition=models.Q(is_current=False) | models.Q(dry_run=False, status=Status.DONE),
                name="only_done_and_real_is_current",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def loses_persons(self) -> bool:
        """Whether more persons of the submission before are missing than corrections take away (test persons, twins)."""
        before = self.supersedes.persons if self.persons_gone and self.supersedes else 0
        return self.persons_gone is not None and self.persons_gone >= max(3, before / 50)

    @property
    def is_large(self) -> bool:
        """Large ones have a worker of their own, so that the others need not wait for it."""
        return self.size >= settings.KPR_LARGE_MESSAGE_BYTES

    @property
    def rows_kept_days(self) -> int:
        """How long the person-level rows are kept after it was finished, or was replaced."""
        if self.dry_run:
            return settings.KPR_TRIAL_RETENTION_DAYS
        failed = self.status == Status.FAILED
        return settings.KPR_FAILED_RETENTION_DAYS if failed else settings.KPR_SUPERSEDED_RETENTION_DAYS

    @property
    def told_problem(self) -> dict[str, Any] | None:
        """Why it was refused or stopped, in the reader's language."""
        return told(self.problem)


class Contact(models.Model):
    """A contact person (kontaktperson) of the message; type 16 and 17 are required (code list 8471)."""

    ACCESS_PATH = "submission__municipality"

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=100)
    phone = models.TextField(blank=True)
    email = models.TextField()
    other_email = models.TextField(blank=True)
    type = models.CharField(max_length=10)


class PersonLevel(models.Model):
    """What every person-level row carries. The id is the submission's id and a running number, set by the loader."""

    ACCESS_PATH = "municipality"

    id = models.BigIntegerField(primary_key=True)
    submission = models.ForeignKey(Submission, models.DO_NOTHING, db_constraint=False)
    municipality = models.ForeignKey(
        Municipality, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True


class Person(PersonLevel):
    """A `Bruker` of the message. The identity number is not here: what could be told from it while reading is.

    `user_ref` is brukerNr, with identity numbers in it masked. `user_ref_hash` is then a keyed hash of it as sent, which nobody is
    shown; 0 where it holds none.
    `identity_valid`: 11 digits, a real date and right check digits; null for identity types without such a form.
    `month_shift`: 40, 65 or 80 where the birth month is of a synthetic series, else 0.
    """

    user_ref = models.CharField(max_length=100)
    user_ref_hash = models.BigIntegerField(default=0)
    pseudonym = models.UUIDField()
    key_version = models.SmallIntegerField()
    identity_type = models.SmallIntegerField(null=True)
    identity_valid = models.BooleanField(null=True)
    month_shift = models.SmallIntegerField()
    sex = models.CharField(max_length=10)
    birth_year = models.IntegerField()
    district = models.CharField(max_length=10, blank=True)
    home_municipality = models.CharField(max_length=10, blank=True)

    class Meta:
        # Where else the person is: from one municipality and submission to the next, however many rows lie between.
        indexes = [models.Index(fields=["pseudonym", "municipality", "submission"], name="person_elsewhere")]


LOWEST_ORGANISATION_NUMBER, PLACEHOLDER_ORGANISATION_NUMBER = "810000000", "999999999"


class Service(PersonLevel):
    """A `Tjeneste`. `type` is the number of the code without leading zeros and sub-code; null when it is no number.

    `service_ref` is tjenesteID, and `service_ref_hash` to it what `user_ref_hash` is to `Person.user_ref`.
    `hours` are hours a week as granted. `organisation_check` says whether the number can be a unit's: its check digit is right,
    and it is no placeholder.
    """

    person = models.ForeignKey(Person, models.DO_NOTHING, db_constraint=False, related_name="services")
    service_ref = models.CharField(max_length=100)
    service_ref_hash = models.BigIntegerField(default=0)
    type_code = models.CharField(max_length=10)
    type = models.SmallIntegerField(null=True)
    applied_on = models.DateField(null=True)
    decided_on = models.DateField(null=True)
    start = models.DateField(null=True)
    end = models.DateField(null=True)
    hours = models.DecimalField(max_digits=8, decimal_places=2, null=True)
    organisation_number = models.TextField(null=True)  # noqa: DJ001  (null = not given, as in the message)
    organisation_check = models.BooleanField(null=True)


class TemporaryStop(PersonLevel):
    """A `MidlertidigStopp`: a pause in a service."""

    service = models.ForeignKey(Service, models.DO_NOTHING, db_constraint=False, related_name="stops")
    start = models.DateField()
    end = models.DateField(null=True)


class Topic(models.TextChoices):
    """Names of the dated yes/no answers (`Opplysning`), as the message has them."""

    ROUND_THE_CLOCK = "heldognstilbud", _("heldøgnstilbud")
    WAITING_LIST = "venteliste", _("venteliste")
    REHABILITATION = "rehabilitering", _("rehabilitering")
    NUTRITION_ASSESSED = "ernaering_vurdert", _("ernæring vurdert")
    NUTRITION_RISK = "ernaering_risiko", _("ernæringsmessig risiko")
    NUTRITION_PLAN = "ernaering_plan", _("ernæringsplan")
    INDIVIDUAL_PLAN = "individuell_plan", _("individuell plan")
    COORDINATOR = "koordinator", _("koordinator")
    SEEN_BY_DOCTOR = "lege_vurdert", _("vurdert av lege")
    SEEN_BY_DENTIST = "tannhelse_vurdert", _("vurdert av tannhelsepersonell")
    MEDICATION_REVIEW = "legemiddelgjennomgang", _("legemiddelgjennomgang")


class Answer(PersonLevel):
    """An `Opplysning`: a yes or no on a topic, usually with a date."""

    person = models.ForeignKey(Person, models.DO_NOTHING, db_constraint=False, related_name="answers")
    topic = models.CharField(max_length=21, choices=Topic.choices)
    yes = models.BooleanField()
    date = models.DateField(null=True)


class Need(PersonLevel):
    """A `Bistandsbehov`: one function variable scored on one day."""

    person = models.ForeignKey(Person, models.DO_NOTHING, db_constraint=False, related_name="needs")
    date = models.DateField()
    variable = models.CharField(max_length=10)
    value = models.CharField(max_length=10)


PERSON_LEVEL = (Person, Service, TemporaryStop, Answer, Need)
