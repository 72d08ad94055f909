"""Background work of the audit log."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="* * * * *")
@app.task(name="eventlog.chain_audit", queueing_lock="chain_audit")
def chain_audit(timestamp: int) -> None:
    """Link the entries of the last minute into the chain."""
    from huitou.eventlog.audit_chain import chain_entries

    chain_entries()
