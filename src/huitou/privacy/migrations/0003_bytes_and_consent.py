"""Read bytes as text when looking for a person; let erasure empty the words beside a consent."""

from django.db import migrations

TEXT_OF_BYTES = """
CREATE FUNCTION privacy_text(bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN convert_from($1, 'UTF8');
EXCEPTION WHEN OTHERS THEN
  RETURN encode($1, 'escape');
END $$;
"""
CONSENT_MAY_EMPTY = """
CREATE OR REPLACE FUNCTION members_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.place = '' AND NEW.note = ''
       AND to_jsonb(NEW) - 'place' - 'note' = to_jsonb(OLD) - 'place' - 'note' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING errcode = 'restrict_violation';
END $$;
"""
CONSENT_NEVER = """
CREATE OR REPLACE FUNCTION members_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING errcode = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("privacy", "0002_evidence_may_be_erased"), ("members", "0004_profile")]

    operations = [
        migrations.RunSQL(TEXT_OF_BYTES, "DROP FUNCTION privacy_text(bytea)"),
        migrations.RunSQL(CONSENT_MAY_EMPTY, CONSENT_NEVER),
    ]
