"""Secrets of connections and webhooks, sealed at rest: the one place that knows how.

AES-GCM under a key derived from the installation's signing key, so that a copy of the database
alone opens nothing. The context (whose secret it is) is authenticated too.
"""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from huitou.kernel.errors import RefusedInputError

_NONCE_BYTES = 12  # what AES-GCM is made for


def seal(secret: str, *, context: str) -> bytes:
    """``secret`` encrypted; it opens only with the same ``context``."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _cipher(settings.SECRET_KEY).encrypt(nonce, secret.encode(), context.encode())


def unseal(sealed: bytes, *, context: str) -> str:
    """What ``seal`` was given; raises ``RefusedInputError`` with the code ``SEALED``."""
    nonce, box = bytes(sealed[:_NONCE_BYTES]), bytes(sealed[_NONCE_BYTES:])
    try:
        return _cipher(settings.SECRET_KEY).decrypt(nonce, box, context.encode()).decode()
    except InvalidTag:
        raise RefusedInputError(
            "SEALED", "A stored secret cannot be opened: the installation's key has changed."
        ) from None


@lru_cache(maxsize=2)
def _cipher(key: str) -> AESGCM:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"huitou api secrets 1")
    return AESGCM(derive.derive(key.encode()))
