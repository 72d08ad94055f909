"""Secrets that must come back in clear, such as those of authenticator apps, kept sealed.

The only two functions that know how; the key lies in the data folder, never in the database.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from huitou.kernel.errors import RefusedInputError

_KEY_BYTES = 32
_NONCE_BYTES = 12  # what AES-GCM is made for


def seal(secret: bytes, *, context: str) -> bytes:
    """``secret`` encrypted; it opens only with the same ``context`` (whose secret it is)."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_key()).encrypt(nonce, secret, context.encode())


def open_sealed(sealed: bytes, *, context: str) -> bytes:
    """What ``seal`` was given.

    Raises ``RefusedInputError`` (``SEALED``) when key, context or bytes are not those of ``seal``.
    """
    try:
        return AESGCM(_key()).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode()
        )
    except InvalidTag as error:
        raise RefusedInputError(
            "SEALED",
            "A sealed secret cannot be opened: keys/sealing_key is not the one it was sealed with.",
        ) from error


def _key() -> bytes:
    file = Path(settings.HUITOU_HOME) / "keys" / "sealing_key"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_name(f"sealing_key.{os.getpid()}.{os.urandom(4).hex()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(os.urandom(_KEY_BYTES))
        try:
            os.link(fresh, file)  # whole or not at all; the first of several processes wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_bytes()
