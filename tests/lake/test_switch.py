"""Which engine computes, and what a person is told when it cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from huitou.insight import plan
from huitou.kernel.errors import RefusedInputError
from huitou.lake import spark, switch
from huitou.lake.sessions import DUCKDB, SPARK, Session


def test_duckdb_computes_unless_the_site_says_otherwise(home: Path) -> None:
    with switch.session({}) as session:
        assert (type(session), session.dialect) == (Session, DUCKDB)
    assert switch.described() == "duckdb"


def test_spark_is_named_with_its_master(settings: Any) -> None:
    settings.ENGINE, settings.SPARK_MASTER = "spark", "spark://10.0.0.5:7077"
    assert switch.described() == "spark (spark://10.0.0.5:7077)"


def test_an_engine_there_is_none_of_is_refused(home: Path, settings: Any) -> None:
    settings.ENGINE = "sparc"
    with pytest.raises(RefusedInputError, match="HUITOU_ENGINE is 'sparc'"), switch.session({}):
        pass


def test_spark_without_the_extra_says_what_to_install(home: Path) -> None:
    # given a Python without PySpark
    script = (
        "import sys; sys.modules['pyspark'] = None;"
        "from huitou.config.bootstrap import set_up_django; set_up_django();"
        "from datetime import date;"
        "from huitou.lake import switch;"
        "entered = switch.session({}); session = entered.__enter__();"
        "session.view('one', 'SELECT 1 AS one');"
        "session.state('as_of_day', date(2024, 6, 30));"
        "print(session.connection.execute('SELECT one, as_of_day() FROM one').fetchall());"
        "session.make('two', 'SELECT 2 AS two')"
    )
    environment = {
        **os.environ,
        "HUITOU_HOME": str(home),
        "HUITOU_ENGINE": "spark",
        "HUITOU_SPARK_MASTER": "local[1]",
    }

    # when DuckDB alone is asked, and then Spark
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment
    )

    # then it answers, and what Spark is to compute is refused
    assert done.stdout.strip() == "[(1, datetime.date(2024, 6, 30))]"
    assert "RefusedInputError: HUITOU_ENGINE=spark needs the extra" in done.stderr
    assert "pip install 'huitou[spark]'" in done.stderr


def test_spark_leaves_nothing_where_the_command_stands(home: Path, settings: Any) -> None:
    options = spark._options("local[1]")
    assert options["spark.sql.warehouse.dir"].startswith(f"{settings.LAKE_ROOT}/.spill/")


def test_every_step_compiles_for_spark_without_spark() -> None:
    # given a process that has loaded neither
    script = (
        "import sys; from huitou.config.bootstrap import set_up_django; set_up_django();"
        "from huitou.insight import plan;"
        "assert 'ibis' not in sys.modules;"
        f"steps = plan.trait_steps({SPARK!r}) + plan.stage_steps({SPARK!r});"
        "assert not [name for name in sys.modules if name.split('.')[0] == 'pyspark'];"
        "print(len(steps))"
    )

    # when
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    # then
    assert int(said) == len(plan.trait_steps(DUCKDB)) + len(plan.stage_steps(DUCKDB))
