"""``huitou keys …``: the keys personal data are sealed under."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from huitou.cli.ground import Json, ready, say, show

keys_app = typer.Typer(help="Keys of sealed data: list, rotate, reseal.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(keys_app, name="keys")


@keys_app.command("list")
def list_keys(json: Json = False) -> None:
    """List the sealing keys, and how many values are sealed under each."""
    with ready():
        from huitou.vault.keyring import keyring
        from huitou.vault.resealing import usage

        ring, counts = keyring(), usage()
    rows = [
        {
            "id": key_id,
            "made": datetime.fromtimestamp(key_id, UTC).date().isoformat(),
            "current": key_id == ring.current,
            "present": key_id in ring.ciphers,
            "values": counts.get(key_id, 0),
        }
        for key_id in sorted(set(ring.ciphers) | set(counts))
    ]
    lines = [
        f"{row['id']:<11} {row['made']}  {row['values']:>10,} values"
        + ("  current" if row["current"] else "")
        + ("" if row["present"] else "  MISSING")
        for row in rows
    ]
    show({"keys": rows}, "\n".join(lines), as_json=json)


@keys_app.command()
def rotate(json: Json = False) -> None:
    """Make a new key, which seals from now on; older keys go on opening what they sealed."""
    with ready():
        from huitou.vault.keyring import rotate as make

        key_id = make()
    text = (
        f"Key {key_id} seals from now on. Back up the keys folder, then run `huitou keys reseal`."
    )
    show({"current": key_id}, text, as_json=json)


@keys_app.command()
def reseal(json: Json = False) -> None:
    """Bring every sealed value under the current key; may be stopped and started again."""
    with ready():
        from huitou.vault.keyring import keyring
        from huitou.vault.resealing import reseal as run

        values = run(lambda name, done: say(f"{name}: {done:,}"))
        current = keyring().current
    show(
        {"resealed": values, "current": current},
        f"{values:,} values were brought under key {current}.",
        as_json=json,
    )
