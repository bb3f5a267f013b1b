"""manage.py retry_submission ID: takes a failed submission up again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from submissions import actions, tasks


class Command(BaseCommand):
    help = "Tar en innsending som har stoppet, opp igjen fra den lagrede meldingen."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=int, help="innsendingens nummer, som står på kvitteringen")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            submission = actions.retry(options["id"])
        except actions.NotRetryable as refusal:
            raise CommandError(str(refusal)) from refusal
        tasks.nudge(str(submission.municipality_id), int(submission.year or 0))
        self.stdout.write(_("Innsending %(id)s er tatt opp igjen.") % {"id": submission.pk})
