"""Background entry points of privacy."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app


@app.task(name="privacy.run_erasure", queue="privacy")
def run_erasure(request_id: int) -> None:
    """Do what is left of an erasure."""
    from huitou.privacy.services import run_erasure as run

    run(request_id, now=datetime.now(UTC))


@app.periodic(cron="37 * * * *")
@app.task(name="privacy.run_unfinished", queue="privacy", queueing_lock="privacy.run_unfinished")
def run_unfinished(timestamp: int) -> None:
    """Every hour, go on with erasures that waited or were cut short."""
    from huitou.privacy.services import run_erasure as run
    from huitou.privacy.services import unfinished_erasures

    for request_id in unfinished_erasures():
        run(request_id, now=datetime.now(UTC))


@app.periodic(cron="23 3 * * *")
@app.task(name="privacy.retain", queue="privacy", queueing_lock="privacy.retain")
def retain(timestamp: int) -> None:
    """Every night, remove what is kept no longer."""
    from huitou.privacy.retention import retain as run

    run(now=datetime.fromtimestamp(timestamp, UTC))
