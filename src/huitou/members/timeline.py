"""What this room adds to a member's timeline, as parts of a statement of a room above."""

from __future__ import annotations

# Columns: at, kind, shop_id, text, amount_minor, rating, is_first, rank; the statement defines
# ``accounts`` (id) and binds ``brand``. ``text`` is the rule, tag, ``channel purpose``,
# ``code=value`` or touchpoint. What is inferred happens to no member and is left out.
HAPPENED = """
  select distinct e.at, case e.verdict when 'same' then 'merged' else 'parted' end, null::bigint,
    e.rule, null::bigint, null::smallint, false, 5
  from members_identityedge e
  where e.brand_id = %(brand)s
    and (e.a_id in (select id from accounts) or e.b_id in (select id from accounts))
  union all
  select c.at, 'tag_put', null, t.name, null, null, false, 6
  from members_tagassignment a join members_tagchange c on c.id = a.put_id
    join members_tag t on t.id = a.tag_id
  where a.account_id in (select id from accounts)
  union all
  select c.at, 'tag_removed', null, t.name, null, null, false, 6
  from members_tagassignment a join members_tagchange c on c.id = a.removed_id
    join members_tag t on t.id = a.tag_id
  where a.account_id in (select id from accounts)
  union all
  select distinct c.at, 'consent_' || c.decision, null::bigint, c.channel || ' ' || c.purpose,
    null::bigint, null::smallint, false, 7
  from members_consententry c where c.account_id in (select id from accounts)
  union all
  select v.observed_at, 'attribute_said', null, d.code || '=' || coalesce(v.value #>> '{}', ''),
    null, null, false, 6
  from members_attributevalue v join members_attributedefinition d on d.id = v.definition_id
  where v.account_id in (select id from accounts) and v.source <> 'inferred'
  union all
  select h.at, 'touched', null, p.name, null, null, false, 4
  from members_touch h join members_touchpoint p on p.id = h.touchpoint_id
  where h.account_id in (select id from accounts)
"""
