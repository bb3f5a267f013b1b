"""All checks, by theme. A tuple that can be read, rather than a registration that can be forgotten."""

from quality.check import Check
from quality.checks import answers, message, nutrition, person, service

CHECKS: tuple[Check, ...] = (
    *message.CHECKS,
    *person.CHECKS,
    *service.CHECKS,
    *answers.CHECKS,
    *nutrition.CHECKS,
)
BY_CODE: dict[str, Check] = {check.code: check for check in CHECKS}
