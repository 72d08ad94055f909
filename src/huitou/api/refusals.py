"""Refusals in the words of the active language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from huitou.kernel.errors import RefusedInputError


def explained(error: str) -> str:
    """Why a push or a poll failed (``CODE: detail``), in words, with the detail behind.

    A text without a known code is its own explanation.
    """
    known = {
        "JSON": _("The message is not sound JSON."),
        "SHAPE": _("The message is not built as the platform's protocol says."),
        "VALUE": _("A value cannot be read."),
        "UNKNOWN_CODE": _("The platform uses a code that is not known here."),
        "RULE": _("The message breaks a rule."),
        "STORE": _("The message cannot be stored."),
        "PLATFORM": _("The platform refused the question."),
        "UNREACHABLE": _("The platform could not be asked; it is tried again by itself."),
        "REFUND_ABOVE_PAID": _("Recorded; more is refunded than was paid, counted up to that."),
        "ERASURE": _("The platform asks to erase or hand over a customer's data: do it by hand."),
    }
    code, _colon, detail = error.partition(": ")
    return f"{known[code]} ({detail})" if code in known else error


def refusal_text(error: RefusedInputError) -> str:
    """Why a request was refused, and what to do."""
    known = {
        "NAME": _("Give a name of at most 80 characters."),
        "SCOPES": _("Choose what the key may do."),
        "BRAND_WIDE": _("Members are the whole brand's: a key that merges them is for all shops."),
        "SECRET": _("Enter the secret the platform signs with, at most 500 characters."),
        "URL": _("Enter an https address outside your own network, without a user name in it."),
        "PLATFORM": _("This shop is not on that platform."),
        "APP_KEY_TAKEN": _("This app key is connected already; its queue has one reader."),
        "KINDS": _("Choose at least one kind of news."),
        "TOO_MANY": _("There are as many webhooks as allowed; close one first."),
        "WEBHOOK_CLOSED": _("This webhook is closed; open it anew first."),
    }
    return known.get(error.code, str(error))
