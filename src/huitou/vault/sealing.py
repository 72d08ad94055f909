"""Fields sealed at rest: AES-256-GCM, bound to the table and column they lie in.

A sealed value is one format byte, the key id in four bytes, the nonce in twelve, and the cipher
text with its tag. Nonces are random; a key may seal 2**32 values before it has to be rotated
(NIST SP 800-38D, section 8.3), which is more than a brand has fields.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag

from huitou.vault.errors import BrokenSealError
from huitou.vault.keyring import keyring

FORMAT = 1
# Where the key id lies, for SQL that looks for values sealed under older keys.
KEY_ID_AT, KEY_ID_BYTES = 1, 4
_NONCE_BYTES = 12
_HEAD_BYTES = KEY_ID_AT + KEY_ID_BYTES
_BOX_AT = _HEAD_BYTES + _NONCE_BYTES


def seal(value: str, *, table: str, column: str) -> bytes:
    """``value`` sealed for ``table.column``."""
    return seal_many([value], table=table, column=column)[0]  # type: ignore[return-value]


def open_sealed(box: bytes, *, table: str, column: str) -> str:
    """What was sealed for ``table.column``; raises as ``open_many``."""
    return open_many([box], table=table, column=column)[0]  # type: ignore[return-value]


def seal_many(values: Iterable[str | None], *, table: str, column: str) -> list[bytes | None]:
    """Every value sealed for ``table.column``; None stays None."""
    ring = keyring()
    encrypt = ring.cipher(ring.current).encrypt
    head = key_head(ring.current)
    place = _place(table, column)
    todo = list(values)
    # One draw for all: a system call per value would take as long as the encryption.
    nonces = os.urandom(_NONCE_BYTES * len(todo))
    sealed: list[bytes | None] = []
    for at, value in enumerate(todo):
        if value is None:
            sealed.append(None)
            continue
        nonce = nonces[at * _NONCE_BYTES : (at + 1) * _NONCE_BYTES]
        sealed.append(head + nonce + encrypt(nonce, value.encode(), place))
    return sealed


def open_many(
    boxes: Iterable[bytes | memoryview | None], *, table: str, column: str
) -> list[str | None]:
    """What was sealed for ``table.column``, in order; None stays None.

    Raises ``MissingKeyError`` naming the key id, and ``BrokenSealError``.
    """
    ring = keyring()
    place = _place(table, column)
    opened: list[str | None] = []
    head, decrypt = b"", None
    for box in boxes:
        if box is None:
            opened.append(None)
            continue
        raw = bytes(box)
        if raw[:_HEAD_BYTES] != head or decrypt is None:
            decrypt = ring.cipher(key_id_of(raw)).decrypt
            head = raw[:_HEAD_BYTES]
        try:
            opened.append(decrypt(raw[_HEAD_BYTES:_BOX_AT], raw[_BOX_AT:], place).decode())
        except (InvalidTag, ValueError):
            raise BrokenSealError(
                f"A value of {table}.{column} does not open: it was changed, moved here from "
                "another column, or its key file was replaced."
            ) from None
    return opened


def bound(value: str, *, to: str) -> str:
    """``value`` to be sealed for the row that ``to`` names; only ``unbound`` for it gives it back.

    >>> unbound(bound("secret", to="row 7"), to="row 7")
    'secret'
    """
    return f"{to}\x1f{value}"


def unbound(text: str | None, *, to: str) -> str:
    """What ``bound`` was given; raises ``BrokenSealError`` for a value of another row."""
    whose, _, value = (text or "").partition("\x1f")
    if whose != to:
        raise BrokenSealError("A sealed value does not belong to this row: it was moved here.")
    return value


def key_id_of(box: bytes) -> int:
    """The id of the key ``box`` is sealed under; raises ``BrokenSealError`` when it is no seal.

    >>> key_id_of(key_head(7) + bytes(28))
    7
    """
    if len(box) < _BOX_AT or box[0] != FORMAT:
        raise BrokenSealError("A stored value is not sealed in a form this version can read.")
    return int.from_bytes(box[KEY_ID_AT:_HEAD_BYTES], "big")


def key_head(key_id: int) -> bytes:
    """How values sealed under the key begin."""
    return bytes([FORMAT]) + key_id.to_bytes(KEY_ID_BYTES, "big")


def _place(table: str, column: str) -> bytes:
    return f"{table}.{column}".encode()
