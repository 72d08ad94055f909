"""Keys: made once, rotated, never silently replaced."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from huitou.vault.errors import BadKeyError, MissingKeyError
from huitou.vault.keyring import INDEX_VARIABLE, SEAL_VARIABLE, keyring, new_key, rotate
from huitou.vault.sealing import key_id_of, open_sealed, seal

PLACE = {"table": "members_member", "column": "phone"}


def test_the_first_start_makes_keys_only_their_owner_reads(home: Path) -> None:
    # when
    ring = keyring()

    # then
    files = sorted((home / "keys").iterdir())
    assert [f.name for f in files] == ["index.key", f"seal-{ring.current}.key"]
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    assert stat.S_IMODE((home / "keys").stat().st_mode) == 0o700


def test_keys_do_not_show_themselves_in_tracebacks_and_logs(home: Path) -> None:
    assert repr(keyring()) == f"Keyring(current={keyring().current})"


def test_after_rotation_the_new_key_seals_and_the_old_one_opens(home: Path) -> None:
    # given
    old = seal("林夕", **PLACE)
    first = keyring().current

    # when
    second = rotate()

    # then
    new = seal("林夕", **PLACE)
    assert second > first
    assert (key_id_of(old), key_id_of(new)) == (first, second)
    assert open_sealed(old, **PLACE) == open_sealed(new, **PLACE) == "林夕"


def test_rotating_twice_within_a_second_makes_two_keys(home: Path) -> None:
    moment = keyring().current + 10
    assert [rotate(now=moment), rotate(now=moment)] == [moment, moment + 1]


def test_a_missing_key_is_named(home: Path) -> None:
    # given
    box = seal("a", **PLACE)
    first = keyring().current
    rotate()

    # when
    (home / "keys" / f"seal-{first}.key").unlink()

    # then
    with pytest.raises(MissingKeyError, match=f"seal-{first}.key"):
        open_sealed(box, **PLACE)


def test_a_lost_index_key_is_not_made_anew(home: Path) -> None:
    keyring()
    (home / "keys" / "index.key").unlink()
    with pytest.raises(MissingKeyError, match=r"index\.key"):
        keyring()


def test_a_key_file_others_may_read_is_refused(home: Path) -> None:
    file = home / "keys" / f"seal-{keyring().current}.key"
    file.chmod(0o640)
    (home / "keys" / "touched").touch()  # the folder is read again
    with pytest.raises(BadKeyError, match="chmod 600"):
        keyring()


@pytest.mark.parametrize("text", ["", "short", "AAAA", "§"])
def test_a_file_without_a_key_is_refused_by_name(home: Path, text: str) -> None:
    file = home / "keys" / f"seal-{rotate()}.key"
    file.write_text(text)
    (home / "keys" / "touched").touch()
    with pytest.raises(BadKeyError, match=file.name):
        keyring()


def test_keys_may_come_from_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv(SEAL_VARIABLE, f"1={new_key()}, 2={new_key()}")
    monkeypatch.setenv(INDEX_VARIABLE, new_key())

    # when
    box = seal("a", **PLACE)

    # then nothing is written to disk, and rotation is the environment's matter
    assert key_id_of(box) == 2
    assert not (home / "keys").exists()
    with pytest.raises(BadKeyError, match=SEAL_VARIABLE):
        rotate()


@pytest.mark.parametrize("value", ["x=1", "1", "1=abc", "5000000000=" + "A" * 44])
def test_a_wrong_variable_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(SEAL_VARIABLE, value)
    monkeypatch.setenv(INDEX_VARIABLE, new_key())
    with pytest.raises(BadKeyError, match=SEAL_VARIABLE):
        keyring()


def test_the_variables_belong_together(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SEAL_VARIABLE, f"1={new_key()}")
    monkeypatch.delenv(INDEX_VARIABLE, raising=False)
    with pytest.raises(MissingKeyError, match=INDEX_VARIABLE):
        keyring()
