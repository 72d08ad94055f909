"""Let what an import said of consent go when the import is undone; find it by its import."""

from django.db import migrations, models

MAY_GO_WITH_ITS_IMPORT = """
create function members_refuse_consent_delete() returns trigger language plpgsql as $$
begin
  if old.source = 'import'
     and old.source_ref::text = current_setting('huitou.undone_import', true) then
    return old;
  end if;
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
drop trigger consent_append_only on members_consententry;
create trigger consent_append_only before update on members_consententry
  for each row execute function members_refuse_change();
create trigger consent_kept before delete on members_consententry
  for each row execute function members_refuse_consent_delete();
"""
STAYS = """
drop trigger consent_kept on members_consententry;
drop trigger consent_append_only on members_consententry;
create trigger consent_append_only before update or delete on members_consententry
  for each row execute function members_refuse_change();
drop function members_refuse_consent_delete();
"""


class Migration(migrations.Migration):
    dependencies = [("members", "0005_sealed_contacts")]

    operations = [
        migrations.RunSQL(MAY_GO_WITH_ITS_IMPORT, STAYS),
        migrations.AddIndex(
            model_name="consententry",
            index=models.Index(
                fields=["source_ref"],
                name="consent_of_import",
                condition=models.Q(source="import"),
            ),
        ),
    ]
