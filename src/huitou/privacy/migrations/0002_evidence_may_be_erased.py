"""Evidence of identity stays append-only, but for what names a person: that may be emptied."""

from django.db import migrations

MAY_EMPTY = """
CREATE OR REPLACE FUNCTION members_identityedge_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.key_hash = '' AND NEW.reason = ''
     AND to_jsonb(NEW) - 'key_hash' - 'reason' = to_jsonb(OLD) - 'key_hash' - 'reason' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'evidence of identity is never changed: append another edge';
END $$;
"""
NEVER = """
CREATE OR REPLACE FUNCTION members_identityedge_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'evidence of identity is never changed: append another edge';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_initial"), ("members", "0003_oneid")]

    operations = [migrations.RunSQL(MAY_EMPTY, NEVER)]
