"""Checking the audit log as a job: how far it is, and how it ended."""

from __future__ import annotations

from datetime import UTC, datetime

from huitou.eventlog.audit_chain import Verdict, chain_entries, chain_length
from huitou.eventlog.audit_checks import check_log
from huitou.jobs import services as jobs

CHECK_JOB = "verify"


def check_as_job(job_id: int) -> Verdict:
    """Check the log with the job telling how far it is; errors are raised again.

    A log that is not whole is a result, not a failure of the job: the page says it in words.
    """
    now = datetime.now(UTC)
    chain_entries()
    jobs.start_job(job_id, total=chain_length(), now=now)
    try:
        verdict = check_log(now=now, progress=lambda done: jobs.advance_job(job_id, done=done))
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        jobs.fail_job(job_id, now=datetime.now(UTC), message=message)
        raise
    jobs.advance_job(job_id, done=verdict.checked)
    jobs.finish_job(job_id, now=datetime.now(UTC), result_url="/audit/")
    return verdict
