"""Refusals in the words of the active language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from huitou.kernel.errors import RefusedInputError


def refusal_text(error: RefusedInputError) -> str:
    """Why a request was refused, and what to do."""
    known = {
        "NAME": _("Give a name of at most 80 characters."),
        "SCOPES": _("Choose what the key may do."),
        "SECRET": _("Enter the secret the platform signs with, at most 500 characters."),
        "URL": _("Enter an https address outside your own network, without a user name in it."),
        "PLATFORM": _("This shop is not on that platform."),
        "APP_KEY_TAKEN": _("This app key is connected already; its queue has one reader."),
        "KINDS": _("Choose at least one kind of news."),
        "TOO_MANY": _("There are as many webhooks as allowed; close one first."),
        "WEBHOOK_CLOSED": _("This webhook is closed; open it anew first."),
    }
    return known.get(error.code, str(error))
