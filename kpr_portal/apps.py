from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    name = "kpr_portal"

    def ready(self) -> None:
        from kpr_portal import configuration  # noqa: F401  (registers its check)
        from kpr_portal.walls.applying import after_migrate

        # Django tells only of apps with models; by then all of them are migrated.
        ground = apps.get_app_config("municipalities")
        post_migrate.connect(after_migrate, sender=ground, dispatch_uid="kpr_portal.walls")
