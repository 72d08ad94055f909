"""Django registration of the room."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """The privacy room."""

    name = "huitou.privacy"
    label = "privacy"

    def ready(self) -> None:
        """Declare what the room keeps, and the steps of an erasure that are its own."""
        from huitou.privacy import retention
        from huitou.privacy.personal import declare_tables
        from huitou.privacy.steps import register_own_steps

        declare_tables()
        register_own_steps()
        retention.register_file_retention(
            "exports",
            ("Exported files", "导出文件"),
            retention.EXPORT_DAYS,
            retention.remove_old_exports,
        )
