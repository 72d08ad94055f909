"""A column of text that lies sealed in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldError
from django.db import models

from huitou.vault.sealing import open_sealed, seal

if TYPE_CHECKING:
    _Binary = models.BinaryField[str | None, str | None]
else:
    _Binary = models.BinaryField


class SealedTextField(_Binary):
    """Text in Python, sealed bytes in the database; empty text is null, which holds nothing.

    Each value read is opened by itself: sets are read with ``open_many`` instead. It cannot be
    searched; keep a blind index beside it where that is needed.
    """

    description = "Sealed text"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "editable": options.get("editable", False)})

    def get_prep_value(self, value: Any) -> Any:
        """Seal for this column."""
        if value is None or value == "":
            return None
        return seal(str(value), table=self.model._meta.db_table, column=str(self.column))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """The bytes as the driver wants them."""
        box = value if prepared else self.get_prep_value(value)
        return None if box is None else connection.Database.Binary(box)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        """Open what was sealed for this column."""
        if value is None:
            return None
        return open_sealed(bytes(value), table=self.model._meta.db_table, column=str(self.column))

    def to_python(self, value: Any) -> Any:
        """Text is its own form, not base64 as of other binary fields."""
        return value

    def value_to_string(self, obj: models.Model) -> str:
        """The text, for serializers."""
        return str(self.value_from_object(obj))

    def get_lookup(self, lookup_name: str) -> Any:
        """Only ``isnull``: equal texts have different seals."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is sealed and cannot be searched with {lookup_name}.")
        return super().get_lookup(lookup_name)
