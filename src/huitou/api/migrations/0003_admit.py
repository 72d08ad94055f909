"""What every request asks: whose key is it, and may it send now."""

from django.db import migrations

# As a function, so that a request asks once and the server plans once for all.
# All processes share one bucket of a key; a refused request takes nothing. Losing the last moments
# of a bucket in a crash harms nobody, so its commit need not wait for the disk.
# Digests of 256 random bits are compared as they are: how long that takes tells nothing of them.
CREATE = """
create function api_admit(
  prefix text, digest bytea, burst float8, per_second float8, at timestamptz,
  out key_id bigint, out name text, out brand_id bigint, out shop_id bigint, out scopes text[],
  out currency text, out time_zone text, out last_used_at timestamptz, out wait_seconds float8)
returns setof record language plpgsql as $$
begin
  select k.id, k.name, k.brand_id, k.shop_id, k.scopes, b.currency, b.time_zone, k.last_used_at
  into key_id, name, brand_id, shop_id, scopes, currency, time_zone, last_used_at
  from brands_apikey k join brands_brand b on b.id = k.brand_id
  where k.prefix = api_admit.prefix and k.secret_sha256 = digest and k.revoked_at is null;
  if not found then return; end if;
  perform set_config('synchronous_commit', 'off', true);
  insert into api_ratebucket as b (key_id, tokens, refilled_at)
  values (api_admit.key_id, burst - 1, at)
  on conflict on constraint api_ratebucket_pkey do update
  set tokens = least(burst, b.tokens + greatest(0, extract(epoch from
        excluded.refilled_at - b.refilled_at)) * per_second) - 1,
      refilled_at = greatest(b.refilled_at, excluded.refilled_at)
  where least(burst, b.tokens + greatest(0, extract(epoch from
        excluded.refilled_at - b.refilled_at)) * per_second) >= 1;
  if not found then
    select (1 - b.tokens) / per_second into wait_seconds
    from api_ratebucket b where b.key_id = api_admit.key_id;
  end if;
  return next;
end $$
"""
DROP = "drop function api_admit(text, bytea, float8, float8, timestamptz)"


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0002_secrets_of_the_vault"),
        ("brands", "0005_members_merge_scope"),
    ]

    operations = [migrations.RunSQL(CREATE, DROP)]
