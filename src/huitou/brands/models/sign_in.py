"""What signing in leaves behind: second factors, failures, sessions, one-time links."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from huitou.brands.models.staff import Staff
from huitou.vault.fields import SealedTextField


class Authenticator(models.Model):
    """A person's authenticator app; it counts once ``confirmed_at`` is set."""

    staff = models.OneToOneField(Staff, on_delete=models.CASCADE, related_name="authenticator")
    sealed_secret = SealedTextField()  # in base32, bound to the person
    confirmed_at = models.DateTimeField(null=True)
    # The 30-second step of the last code taken: a code is good once.
    last_step = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("authenticator")

    def __str__(self) -> str:
        return f"authenticator of {self.staff_id}"


class RecoveryCode(models.Model):
    """A one-time code for the day the phone is lost; only its digest is kept."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("recovery code")
        constraints = [
            models.UniqueConstraint(fields=["staff", "digest"], name="recovery_code_unique"),
        ]

    def __str__(self) -> str:
        return f"recovery code of {self.staff_id}"


class Lockout(models.Model):
    """Failures in a row of one account, one code or one address, and until when it must wait."""

    key = models.CharField(max_length=200, primary_key=True)  # account:…, code:…, address:…
    failures = models.IntegerField()
    last_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("lockout")

    def __str__(self) -> str:
        return self.key


class StaffSession(models.Model):
    """A signed-in browser, so that a person can see and end it."""

    session_key = models.CharField(max_length=40, primary_key=True)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="sessions")
    address = models.CharField(max_length=45, blank=True, default="")
    agent = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("session")

    def __str__(self) -> str:
        return f"session of {self.staff_id}"


class SignInLink(models.Model):
    """A one-time link by which a new person sets their password; only its digest is kept."""

    digest = models.CharField(max_length=64, primary_key=True)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("one-time link")

    def __str__(self) -> str:
        return f"link of {self.staff_id}"
