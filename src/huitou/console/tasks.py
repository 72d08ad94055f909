"""Background work a person begins on a page of the console."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.task(name="console.verify_audit", queue="insight", lock="verify_audit")
def verify_audit(job_id: int) -> None:
    """Check whether the audit log is whole; one check at a time, as each reads all of it."""
    from huitou.console.audit_job import check_as_job

    check_as_job(job_id)
