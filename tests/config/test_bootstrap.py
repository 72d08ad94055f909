"""What stands before anybody signs in."""

from __future__ import annotations

import os
from pathlib import Path

from huitou.brands.models import Staff
from huitou.config.bootstrap import ensure_admin
from huitou.config.translations import compile_translations

PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "a"\nmsgstr "甲"\n'


def test_first_admin_gets_a_random_password_only_the_owner_reads(db: None, tmp_path: Path) -> None:
    # when
    login = ensure_admin(tmp_path)

    # then
    file = tmp_path / "keys" / "admin_password"
    staff = Staff.objects.get()
    assert login.name == "admin"
    assert login.password == file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert staff.is_superuser
    assert staff.check_password(login.password)


def test_second_start_shows_the_same_password(db: None, tmp_path: Path) -> None:
    assert ensure_admin(tmp_path) == ensure_admin(tmp_path)


def test_changed_password_is_not_shown(db: None, tmp_path: Path) -> None:
    # given
    ensure_admin(tmp_path)
    staff = Staff.objects.get()
    staff.set_password("another one")
    staff.save(update_fields=["password"])

    # when, then
    assert ensure_admin(tmp_path).password is None


def test_translations_are_compiled_when_they_changed(tmp_path: Path) -> None:
    # given
    source = tmp_path / "en" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    source.write_text(PO)

    # when
    first = compile_translations(tmp_path)
    second = compile_translations(tmp_path)
    os.utime(source, ns=(2**62, 2**62))
    third = compile_translations(tmp_path)

    # then
    target = source.with_suffix(".mo")
    assert (first, second, third) == ([target], [], [target])
    assert "甲".encode() in target.read_bytes()
