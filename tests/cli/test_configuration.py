"""``huitou config …``: export, a difference, and applying it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from huitou.brands.models import Brand
from huitou.segments.queries import segments_in_use
from huitou.segments.services import put_segment
from tests.cli.conftest import Run
from tests.factories import make_brand

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
RULE = {"trait": "recency_days", "lte": 30}


def test_configuration_goes_from_one_brand_to_another(
    run: Run, brand: Brand, tmp_path: Path
) -> None:
    # given
    put_segment(brand=brand, slug="recent", name="Recent", rule=RULE, now=NOW)
    other = make_brand()

    # when
    written = run("config", "export", "--brand", brand.slug, "--out", str(tmp_path), "--json")
    told = run("config", "diff", "--brand", other.slug, str(tmp_path))
    dry = run("config", "apply", "--brand", other.slug, str(tmp_path), "--dry-run", "--json")
    assert segments_in_use(other) == []
    done = run("config", "apply", "--brand", other.slug, str(tmp_path), "--json")
    again = run("config", "apply", "--brand", other.slug, str(tmp_path), "--json")

    # then
    assert written.json == {"files": ["segments/recent.yaml"], "others": []}
    assert "# segments/recent.yaml: added" in told.out
    assert "1 added, 0 changed, 0 archived, 0 only in the brand" in told.out
    assert dry.json == done.json
    assert done.json["changes"] == [{"act": "add", "file": "segments/recent.yaml"}]
    assert again.json["changes"] == []
    assert [one.slug for one in segments_in_use(other)] == ["recent"]


def test_files_that_are_wrong_are_named(run: Run, brand: Brand, tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments/x.yaml").write_text("name: X\n")

    done = run("config", "apply", "--brand", brand.slug, str(tmp_path), "--json")

    assert done.code == 2
    assert done.json["error"]["code"] == "CONFIGURATION"
    assert "segments/x.yaml: lacks the field 'rule'" in done.err
