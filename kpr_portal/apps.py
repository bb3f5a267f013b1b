from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "kpr_portal"

    def ready(self) -> None:
        from kpr_portal import configuration  # noqa: F401  (registers its check)
