"""The upload form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from huitou.brands.models import Shop
from huitou.ingest.reading import known_formats
from huitou.ingest.refusals import language


class FilesInput(forms.ClearableFileInput):
    """A file field that takes several files, dropped or chosen."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once; cleans to a list."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Every file checked like a single one; at least one is needed."""
        files = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(file, initial) for file in files or [None]]


class UploadForm(forms.Form):
    """Files, the shop they belong to, and how to read them.

    ``refused`` are the names and reasons of files that were not accepted.
    """

    shop = forms.TypedChoiceField(label=_("Shop"), coerce=int)
    format = forms.ChoiceField(label=_("Format"), required=False)
    uploads = FilesField(label=_("Files"))

    def __init__(self, *args: Any, shops: Sequence[Shop], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused: list[tuple[str, str]] = []
        shop_choices = [(shop.pk, f"{shop.name} · {shop.get_platform_display()}") for shop in shops]
        shop_field = cast(forms.ChoiceField, self.fields["shop"])
        shop_field.choices = [("", _("Choose a shop")), *shop_choices]
        title = f"title_{language()}"
        formats = sorted((getattr(f, title) or f.name, f.name) for f in known_formats())
        format_field = cast(forms.ChoiceField, self.fields["format"])
        format_field.choices = [
            ("auto", _("Recognise by the headers")),
            *((name, text) for text, name in formats),
        ]

    def clean_format(self) -> str:
        """The format's name; ``auto`` when nothing was chosen."""
        return self.cleaned_data["format"] or "auto"
