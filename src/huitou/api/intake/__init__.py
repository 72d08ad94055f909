"""From messages to records: one transaction a batch, in sets, whatever door they came through."""
