"""The pages of imports: batches, mappings, quarantine."""
