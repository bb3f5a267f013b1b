"""The shapes of the open figures' answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from indicators.indicator import Indicator
from publications.codelists import NOTES, SIGNS
from publications.formats.extract import LICENCE, UNIT
from publications.models import Publication, PublicationState
from publications.query import LEVELS

STATUSES = ["published", *SIGNS]
SHARE: dict[str, Any] = {"min_value": 0, "max_value": 1, "allow_null": True}


class AggregateSerializer(serializers.Serializer[dict[str, Any]]):
    """One indicator in one area and year. `sign` stands for what is missing; it is null when nothing is."""

    area = serializers.CharField(help_text="0 is the nation, two digits a county, four a municipality")
    year = serializers.IntegerField()
    numerator = serializers.IntegerField(allow_null=True)
    denominator = serializers.IntegerField(allow_null=True, help_text="May be told although the share is suppressed")
    value = serializers.FloatField(**SHARE, help_text="numerator / denominator, four decimals")
    low = serializers.FloatField(**SHARE, help_text="95 % Wilson interval")
    high = serializers.FloatField(**SHARE, help_text="95 % Wilson interval")
    suppressed = serializers.BooleanField()
    level = serializers.ChoiceField(LEVELS)
    status = serializers.ChoiceField(STATUSES)
    sign = serializers.ChoiceField(list(SIGNS.values()), allow_null=True)
    note = serializers.ChoiceField(list(NOTES), allow_null=True, help_text="Why a figure is suppressed")


class AggregatesSerializer(serializers.Serializer[dict[str, Any]]):
    indicator = serializers.CharField()
    version = serializers.IntegerField(help_text="Of the indicator's definition")
    publication = serializers.IntegerField(allow_null=True, help_text="null while nothing is published")
    published_at = serializers.DateTimeField(allow_null=True)
    unit = serializers.CharField(default=UNIT)
    source = serializers.CharField()  # type: ignore[assignment]  # the contract's name
    licence = serializers.URLField(default=LICENCE)
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AggregateSerializer(many=True)


class IndicatorSerializer(serializers.Serializer[Indicator]):
    code = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    why_it_matters = serializers.CharField()
    cannot_tell = serializers.CharField()
    numerator = serializers.CharField(source="numerator_text")
    denominator = serializers.CharField(source="denominator_text")
    higher_is_better = serializers.BooleanField(allow_null=True)
    chained_to = serializers.SerializerMethodField()
    finest_public_level = serializers.SerializerMethodField()
    least_inhabitants = serializers.IntegerField()
    unit = serializers.SerializerMethodField()
    source = serializers.CharField()  # type: ignore[assignment]  # the contract's name
    reviewed = serializers.DateField()
    next_review = serializers.DateField()

    def get_chained_to(self, indicator: Indicator) -> str | None:
        """The indicator whose numerator is this one's denominator."""
        return indicator.of.code if indicator.of else None

    def get_finest_public_level(self, indicator: Indicator) -> str:
        """The finest level that is published of every area. Where it is county, municipalities of more than
        `least_inhabitants` are published too."""
        return "county" if indicator.least_inhabitants else "municipality"

    def get_unit(self, indicator: Indicator) -> str:
        return UNIT


class CodeListSerializer(serializers.Serializer[dict[str, Any]]):
    code = serializers.CharField()
    description = serializers.CharField()
    url = serializers.URLField()


class CodeSerializer(serializers.Serializer[dict[str, Any]]):
    """`level` to `valid_to` are of areas only, `status` of signs only. The years are data years, both ends included."""

    code = serializers.CharField()
    name = serializers.CharField()
    level = serializers.ChoiceField(LEVELS, required=False)
    county = serializers.CharField(required=False, allow_null=True)
    valid_from = serializers.IntegerField(required=False, allow_null=True)
    valid_to = serializers.IntegerField(required=False, allow_null=True)
    status = serializers.ChoiceField(list(SIGNS), required=False)


class ChangeSerializer(serializers.Serializer[dict[str, Any]]):
    """A year of which something is not as it was in the publication before: why, and who sent something since."""

    year = serializers.IntegerField()
    reason = serializers.CharField(help_text="first, data, definition or rules")
    municipalities = serializers.ListField(child=serializers.CharField())


class HeldSerializer(serializers.Serializer[dict[str, Any]]):
    """A table that could not be renewed safely beside what was published before: the one before it stands."""

    indicator = serializers.CharField()
    year = serializers.IntegerField()


class AuditSerializer(serializers.Serializer[dict[str, Any]]):
    """What the attack on the tables that changed found before they were released."""

    passed = serializers.BooleanField()
    suppressed_cells = serializers.IntegerField(
        source="suppressed", allow_null=True, help_text="Hidden counts attacked"
    )
    narrowest_interval = serializers.IntegerField(
        source="narrowest",
        allow_null=True,
        help_text="Width of the narrowest interval that an outsider can derive for a hidden count; null where none is bounded",
    )
    held = HeldSerializer(many=True, default=list)


class SuppressedSerializer(serializers.Serializer[dict[str, int]]):
    """How many shares are hidden, by the rule that hides them."""

    few = serializers.IntegerField(help_text="Few persons")
    protects = serializers.IntegerField(help_text="Another hidden figure would follow from it")
    level = serializers.IntegerField(help_text="Not named for municipalities that small")


class PublicationSerializer(serializers.ModelSerializer[Publication]):
    released_at = serializers.DateTimeField(source="created_at")
    state = serializers.ChoiceField([state.value for state in PublicationState if state != PublicationState.WITHHELD])
    changes = ChangeSerializer(many=True)
    suppressed = SuppressedSerializer()
    unanimous = serializers.IntegerField(help_text="How many shares are shown that are 0 or 100 %")
    audit = AuditSerializer()

    class Meta:
        model = Publication
        fields = [
            "number",
            "released_at",
            "year",
            "state",
            "public_reason",
            "changes",
            "suppressed",
            "unanimous",
            "audit",
        ]
