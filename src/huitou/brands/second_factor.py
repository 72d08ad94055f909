"""Codes of an authenticator app (RFC 6238) and one-time recovery codes."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction

from huitou.brands.models import Authenticator, RecoveryCode, Staff
from huitou.kernel.errors import RefusedInputError
from huitou.vault.sealing import bound, unbound

# What every authenticator app understands.
_DIGITS = 6
_STEP_SECONDS = 30
_SECRET_BYTES = 20
# A phone's clock may be off by one step either way.
_DRIFT_STEPS = 1
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10  # 80 bits, 16 letters
_ISSUER = "Huitou"


def begin_set_up(*, staff: Staff) -> Authenticator:
    """The authenticator ``staff`` is setting up; one already confirmed is refused.

    An unfinished set-up goes on with the same secret, so that a reloaded page shows the same QR.
    Raises ``RefusedInputError`` (``SECOND_FACTOR_EXISTS``).
    """
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    found, _made = Authenticator.objects.get_or_create(
        staff=staff, defaults={"sealed_secret": bound(secret, to=_owner(staff.pk))}
    )
    if found.confirmed_at:
        raise RefusedInputError("SECOND_FACTOR_EXISTS", "There is an authenticator already.")
    return found


def provisioning_uri(authenticator: Authenticator) -> str:
    """The ``otpauth://`` address the app reads from the QR code."""
    return _totp(authenticator).get_provisioning_uri(authenticator.staff.username, _ISSUER)


def typed_secret(authenticator: Authenticator) -> str:
    """The secret for typing, in groups of four letters."""
    text = base64.b32encode(_secret(authenticator)).decode()
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


@transaction.atomic
def confirm_set_up(*, staff: Staff, code: str, now: datetime) -> list[str]:
    """Finish the set-up with a first code; returns the recovery codes, which are shown once.

    Raises ``RefusedInputError`` (``CODE``) for a wrong code.
    """
    if not take_code(staff=staff, code=code, now=now, confirmed=False):
        raise RefusedInputError("CODE", "This code is not right. Mind the clock of the phone.")
    Authenticator.objects.filter(staff=staff).update(confirmed_at=now)
    return renew_recovery_codes(staff=staff)


def has_second_factor(staff: Staff) -> bool:
    """Whether ``staff`` signs in with a code."""
    return Authenticator.objects.filter(staff=staff, confirmed_at__isnull=False).exists()


def take_code(*, staff: Staff, code: str, now: datetime, confirmed: bool = True) -> bool:
    """Whether ``code`` is right now and was not taken before; taking it uses it up.

    ``confirmed`` False takes the first code of a set-up.
    """
    cleaned = code.replace(" ", "")
    authenticator = Authenticator.objects.filter(
        staff=staff, confirmed_at__isnull=not confirmed
    ).first()
    if authenticator is None or len(cleaned) != _DIGITS or not cleaned.isascii():
        return False
    totp, here = _totp(authenticator), int(now.timestamp()) // _STEP_SECONDS
    for step in range(here - _DRIFT_STEPS, here + _DRIFT_STEPS + 1):
        if secrets.compare_digest(totp.generate(step * _STEP_SECONDS).decode(), cleaned):
            # The condition, not the look above, decides between two who send one code.
            return bool(
                Authenticator.objects.filter(pk=authenticator.pk, last_step__lt=step).update(
                    last_step=step
                )
            )
    return False


def take_recovery_code(*, staff: Staff, code: str, now: datetime) -> bool:
    """Whether ``code`` is an unused recovery code of ``staff``; taking it uses it up."""
    unused = RecoveryCode.objects.filter(staff=staff, digest=_digest(code), used_at=None)
    return bool(unused.update(used_at=now))


@transaction.atomic
def renew_recovery_codes(*, staff: Staff) -> list[str]:
    """New recovery codes in the form ``abcd-efgh-ijkl-mnop``; the old ones are void."""
    RecoveryCode.objects.filter(staff=staff).delete()
    codes = [_readable(secrets.token_bytes(_RECOVERY_BYTES)) for _number in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(staff=staff, digest=_digest(code)) for code in codes
    )
    return codes


def recovery_codes_left(staff: Staff) -> int:
    """How many recovery codes are unused."""
    return RecoveryCode.objects.filter(staff=staff, used_at=None).count()


@transaction.atomic
def remove_second_factor(*, staff: Staff) -> bool:
    """Forget authenticator and recovery codes; whether there were any."""
    RecoveryCode.objects.filter(staff=staff).delete()
    deleted, _by_table = Authenticator.objects.filter(staff=staff).delete()
    return bool(deleted)


def _totp(authenticator: Authenticator) -> TOTP:
    # SHA-1 is what authenticator apps implement; HMAC does not need collision resistance.
    return TOTP(_secret(authenticator), _DIGITS, SHA1(), _STEP_SECONDS)  # noqa: S303


def _secret(authenticator: Authenticator) -> bytes:
    text = unbound(authenticator.sealed_secret, to=_owner(authenticator.staff_id))
    return base64.b32decode(text)


def _owner(staff_id: int) -> str:
    return f"staff {staff_id}"


def _readable(value: bytes) -> str:
    text = base64.b32encode(value).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def _digest(code: str) -> str:
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
