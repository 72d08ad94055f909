"""SQL of recording orders set-wise: stage, insert what is new, merge what is known.

Merging does not depend on the order files arrive in: the statement with the higher
``(header_rank, status)`` gives the values, the other only fills what is silent; status and refunds
only move forward. Each statement below works on temp tables filled for one chunk.
"""

from __future__ import annotations

from huitou.commerce.models import STATUS_RANK

STAGE_ORDER_COLUMNS = (
    "row_no", "order_no", "header_rank", "status", "currency", "ordered_at", "paid_at",
    "shipped_at", "finished_at", "quantity", "list_minor", "discount_minor", "coupon_minor",
    "shipping_minor", "paid_minor", "refund_stated_minor", "province", "city", "receiver",
    "receiver_phone", "device", "remark", "member_id",
)  # fmt: skip
STAGE_LINE_COLUMNS = (
    "row_no", "order_no", "line_key", "product_code", "product_title", "category", "variant",
    "quantity", "list_minor", "paid_minor", "discount_minor", "refunded_minor", "status",
)  # fmt: skip
STAGE_REFUND_COLUMNS = (
    "row_no", "order_no", "refund_no", "amount_minor", "status", "reason", "requested_at",
    "finished_at",
)  # fmt: skip
STAGE_REVIEW_COLUMNS = (
    "row_no", "review_no", "order_no", "nick", "variant", "rating", "content", "followup",
    "reply", "reviewed_at", "member_id",
)  # fmt: skip

CREATE_STAGE = """
create temp table if not exists stage_order (
  row_no bigint, order_no text, header_rank smallint, status text, currency text,
  ordered_at timestamptz, paid_at timestamptz, shipped_at timestamptz, finished_at timestamptz,
  quantity bigint, list_minor bigint, discount_minor bigint, coupon_minor bigint,
  shipping_minor bigint, paid_minor bigint, refund_stated_minor bigint, province text, city text,
  receiver bytea, receiver_phone bytea, receiver_key bytea, device text,
  remark text, member_id bigint
) on commit drop;
create temp table if not exists stage_line (
  row_no bigint, order_no text, line_key text, product_code text, product_title text,
  category text, variant text, quantity bigint, list_minor bigint, paid_minor bigint,
  discount_minor bigint, refunded_minor bigint, status text
) on commit drop;
create temp table if not exists stage_refund (
  row_no bigint, order_no text, refund_no text, amount_minor bigint, status text, reason text,
  requested_at timestamptz, finished_at timestamptz
) on commit drop;
create temp table if not exists stage_review (
  row_no bigint, review_no text, order_no text, nick text, variant text, rating smallint,
  content text, followup text, reply text, reviewed_at timestamptz, member_id bigint
) on commit drop;
create temp table if not exists touched_order (id bigint) on commit drop;
"""

_RANKS = " ".join(f"when '{code}' then {rank}" for code, rank in STATUS_RANK.items() if code)


def _rank(status: str) -> str:
    return f"(case {status} {_RANKS} else 0 end)"


_TEXTS = ("province", "city", "device", "remark")
_VALUES = (
    "ordered_at", "paid_at", "shipped_at", "finished_at", "quantity", "list_minor",
    "discount_minor", "coupon_minor", "shipping_minor", "receiver", "receiver_phone",
    "receiver_key",
)  # fmt: skip

# A stated total can only be refunded up to what was paid; a wholly refunded closure without an
# amount means the whole amount.
_REFUND_CLAMPED = """least(greatest({stated},
    case when {status} = 'closed_refunded' and {stated} = 0 then {paid} else 0 end), {paid})"""

INSERT_ORDERS = f"""
insert into commerce_order (brand_id, shop_id, order_no, member_id, status, currency, ordered_at,
  paid_at, shipped_at, finished_at, biz_date, month, quantity, list_minor, discount_minor,
  coupon_minor, shipping_minor, receiver, receiver_phone, receiver_key, paid_minor,
  refund_stated_minor, refunded_minor, province, city, device, remark, header_rank, source_ref,
  changed_ref)
select %(brand)s, %(shop)s, s.order_no, s.member_id, coalesce(s.status, ''), s.currency,
  s.ordered_at, s.paid_at, s.shipped_at, s.finished_at, d.day,
  extract(year from d.day)::int * 12 + extract(month from d.day)::int - 1,
  s.quantity, s.list_minor, s.discount_minor, s.coupon_minor, s.shipping_minor,
  s.receiver, s.receiver_phone, s.receiver_key, coalesce(s.paid_minor, 0),
  coalesce(s.refund_stated_minor, 0),
  {
    _REFUND_CLAMPED.format(
        stated="coalesce(s.refund_stated_minor, 0)",
        status="coalesce(s.status, '')",
        paid="coalesce(s.paid_minor, 0)",
    )
},
  {", ".join(f"coalesce(s.{c}, '')" for c in _TEXTS)}, s.header_rank, %(ref)s, %(ref)s
from stage_order s
cross join lateral (
  select (coalesce(s.paid_at, s.ordered_at) at time zone %(zone)s)::date as day) d
where s.row_no <> all (%(known)s)
returning id, month
"""

_WINS = f"""((s.header_rank, {_rank("coalesce(s.status, '')")}) >=
            (o.header_rank, {_rank("o.status")}))"""

_MERGED = ", ".join(
    [f"case when w.wins then coalesce(s.{c}, o.{c}) else coalesce(o.{c}, s.{c}) end as {c}"
     for c in _VALUES]
    + [f"case when w.wins then coalesce(nullif(s.{c}, ''), o.{c}) "
       f"else coalesce(nullif(o.{c}, ''), s.{c}, '') end as {c}" for c in _TEXTS]
)  # fmt: skip

_MERGE_COLUMNS = (
    *_VALUES, *_TEXTS, "member_id", "status", "currency", "paid_minor", "refund_stated_minor",
    "header_rank",
)  # fmt: skip

MERGE_ORDERS = f"""
create temp table merging on commit drop as
select m.* from (
  select s.row_no, o.id,
    coalesce(o.member_id, s.member_id) as member_id,
    case when {_rank("coalesce(s.status, '')")} >= {_rank("o.status")}
         then coalesce(nullif(s.status, ''), o.status) else o.status end as status,
    case when w.wins then coalesce(s.currency, o.currency) else o.currency end as currency,
    case when w.wins then coalesce(s.paid_minor, o.paid_minor) else o.paid_minor end as paid_minor,
    greatest(o.refund_stated_minor, s.refund_stated_minor) as refund_stated_minor,
    greatest(o.header_rank, s.header_rank) as header_rank,
    {_MERGED}
  from stage_order s
  join commerce_order o on o.shop_id = %(shop)s and o.order_no = s.order_no
  cross join lateral (select {_WINS} as wins) w
) m
join commerce_order o on o.id = m.id
where ({", ".join(f"m.{c}" for c in _MERGE_COLUMNS)}) is distinct from
      ({", ".join(f"o.{c}" for c in _MERGE_COLUMNS)})
"""

UPDATE_ORDERS = f"""
update commerce_order o set {", ".join(f"{c} = m.{c}" for c in _MERGE_COLUMNS)},
  refunded_minor = {
    _REFUND_CLAMPED.format(
        stated="greatest(m.refund_stated_minor, o.refunded_minor)",
        status="m.status",
        paid="m.paid_minor",
    )
},
  biz_date = d.day, month = extract(year from d.day)::int * 12 + extract(month from d.day)::int - 1,
  changed_ref = %(ref)s
from merging m
cross join lateral (
  select (coalesce(m.paid_at, m.ordered_at) at time zone %(zone)s)::date as day) d
where o.id = m.id
returning m.row_no, o.id
"""

# The month stays: the lake still has to be told which one the order leaves.
SILENCE_ORDERS = f"""
update commerce_order o set member_id = null, status = '', paid_minor = 0,
  refund_stated_minor = 0, refunded_minor = 0, header_rank = 0,
  {", ".join(f"{c} = null" for c in _VALUES)}, {", ".join(f"{c} = ''" for c in _TEXTS)}
where o.shop_id = %(shop)s and o.order_no = any(%(numbers)s)
  and (o.source_ref, o.changed_ref) = (%(ref)s, %(ref)s)
  and not exists (select from commerce_orderline x where x.order_id = o.id
                  and (x.source_ref, x.changed_ref) is distinct from (%(ref)s, %(ref)s))
  and not exists (select from commerce_refund x where x.order_id = o.id
                  and (x.source_ref, x.changed_ref) is distinct from (%(ref)s, %(ref)s))
returning o.id
"""

# Products first met in this chunk; the first title and category seen stay.
INSERT_PRODUCTS = """
insert into commerce_product (brand_id, code, title, category, source_ref)
select distinct on (l.product_code) %(brand)s, l.product_code, coalesce(l.product_title, ''),
  coalesce(l.category, ''), %(ref)s
from stage_line l
where not exists (select 1 from commerce_product p
                  where p.brand_id = %(brand)s and p.code = l.product_code)
order by l.product_code, l.row_no
"""

_LINE_VALUES = (
    "variant", "quantity", "list_minor", "paid_minor", "discount_minor", "refunded_minor",
    "status",
)  # fmt: skip

# A line row of an older export never takes back a refund or a status.
MERGE_LINES = f"""
create temp table line_merge on commit drop as
select s.row_no, o.id as order_id, s.line_key, x.id, p.id as product_id,
  coalesce(nullif(s.variant, ''), x.variant, '') as variant,
  coalesce(s.quantity, x.quantity, 1) as quantity,
  coalesce(s.list_minor, x.list_minor) as list_minor,
  coalesce(s.paid_minor, x.paid_minor) as paid_minor,
  coalesce(s.discount_minor, x.discount_minor) as discount_minor,
  greatest(coalesce(s.refunded_minor, 0), coalesce(x.refunded_minor, 0)) as refunded_minor,
  case when {_rank("coalesce(s.status, '')")} >= {_rank("coalesce(x.status, '')")}
       then coalesce(s.status, '') else x.status end as status
from stage_line s
join commerce_order o on o.shop_id = %(shop)s and o.order_no = s.order_no
join commerce_product p on p.brand_id = %(brand)s and p.code = s.product_code
left join commerce_orderline x on x.order_id = o.id and x.line_key = s.line_key
"""

INSERT_LINES = f"""
insert into commerce_orderline (order_id, line_key, product_id, {", ".join(_LINE_VALUES)},
  source_ref, changed_ref)
select order_id, line_key, product_id, {", ".join(_LINE_VALUES)}, %(ref)s, %(ref)s
from line_merge where id is null
"""

CHANGED_LINES = f"""
delete from line_merge m using commerce_orderline x
where x.id = m.id and ({", ".join(f"m.{c}" for c in _LINE_VALUES)}) is not distinct from
      ({", ".join(f"x.{c}" for c in _LINE_VALUES)})
"""

UPDATE_LINES = f"""
update commerce_orderline x set {", ".join(f"{c} = m.{c}" for c in _LINE_VALUES)},
  changed_ref = %(ref)s
from line_merge m where x.id = m.id
"""

# What lines and refunds say about their order. Orders without an order row of their own take
# their totals from the lines; the refunded amount is the greatest any source states.
RECOMPUTE = """
update commerce_order o set
  paid_minor = n.paid, quantity = n.quantity, list_minor = n.list,
  refunded_minor = least(n.paid, greatest(o.refund_stated_minor, n.line_refunded, n.refunds,
    case when o.status = 'closed_refunded'
          and greatest(o.refund_stated_minor, n.line_refunded, n.refunds) = 0
         then n.paid else 0 end))
from (
  select t.id,
    case when o.header_rank = 2 then o.paid_minor else coalesce(l.paid, o.paid_minor) end as paid,
    case when o.header_rank = 2 and o.quantity is not null then o.quantity
         else coalesce(l.quantity, o.quantity) end as quantity,
    case when o.header_rank = 2 and o.list_minor is not null then o.list_minor
         else coalesce(l.list, o.list_minor) end as list,
    coalesce(l.refunded, 0) as line_refunded, coalesce(r.amount, 0) as refunds
  from (select distinct id from touched_order) t
  join commerce_order o on o.id = t.id
  left join lateral (
    select sum(paid_minor)::bigint as paid, sum(list_minor)::bigint as list,
           sum(quantity)::bigint as quantity, sum(refunded_minor)::bigint as refunded
    from commerce_orderline where order_id = t.id) l on true
  left join lateral (
    select sum(amount_minor)::bigint as amount from commerce_refund
    where order_id = t.id and status = 'success') r on true
) n
where o.id = n.id and (o.paid_minor, o.quantity, o.list_minor, o.refunded_minor) is distinct from
  (n.paid, n.quantity, n.list, least(n.paid, greatest(o.refund_stated_minor, n.line_refunded,
   n.refunds, case when o.status = 'closed_refunded'
    and greatest(o.refund_stated_minor, n.line_refunded, n.refunds) = 0
    then n.paid else 0 end)))
"""

# Lines and refunds can arrive before their order: a row known by reference only holds the place.
STUB_ORDERS = """
insert into commerce_order (brand_id, shop_id, order_no, currency, header_rank, source_ref,
  changed_ref)
select distinct %(brand)s::bigint, %(shop)s::bigint, s.order_no, %(currency)s, 0, %(ref)s::bigint,
  %(ref)s::bigint
from {stage} s
where not exists (select 1 from commerce_order o
                  where o.shop_id = %(shop)s and o.order_no = s.order_no)
returning id
"""

MERGE_REFUNDS = """
create temp table refund_merge on commit drop as
select s.row_no, x.id, o.id as order_id, s.refund_no,
  s.amount_minor, s.status, coalesce(s.reason, '') as reason, s.requested_at, s.finished_at
from stage_refund s
join commerce_order o on o.shop_id = %(shop)s and o.order_no = s.order_no
left join commerce_refund x on x.shop_id = %(shop)s and x.refund_no = s.refund_no
-- a refund that succeeded or closed does not reopen
where x.id is null or (s.status <> 'open' or x.status = 'open')
  and (s.amount_minor, s.status, coalesce(s.reason, ''), s.requested_at, s.finished_at)
      is distinct from (x.amount_minor, x.status, x.reason, x.requested_at, x.finished_at)
"""

INSERT_REFUNDS = """
insert into commerce_refund (order_id, shop_id, refund_no, amount_minor, status, reason,
  requested_at, finished_at, source_ref, changed_ref)
select order_id, %(shop)s, refund_no, amount_minor, status, reason, requested_at, finished_at,
  %(ref)s, %(ref)s
from refund_merge where id is null
"""

UPDATE_REFUNDS = """
update commerce_refund x set amount_minor = m.amount_minor, status = m.status, reason = m.reason,
  requested_at = coalesce(m.requested_at, x.requested_at),
  finished_at = coalesce(m.finished_at, x.finished_at), changed_ref = %(ref)s
from refund_merge m where x.id = m.id
"""

MERGE_REVIEWS = """
create temp table review_merge on commit drop as
select s.row_no, x.id, s.review_no, o.id as order_id, coalesce(s.member_id, o.member_id) as
  member_id, coalesce(s.nick, '') as nick, coalesce(s.variant, '') as variant, s.rating,
  coalesce(s.content, '') as content, coalesce(s.followup, '') as followup,
  coalesce(s.reply, '') as reply, s.reviewed_at
from stage_review s
left join commerce_order o on o.shop_id = %(shop)s and o.order_no = s.order_no
left join commerce_review x on x.shop_id = %(shop)s and x.review_no = s.review_no
where x.id is null or (coalesce(s.nick, ''), coalesce(s.variant, ''), s.rating,
    coalesce(s.content, ''), coalesce(s.followup, ''), coalesce(s.reply, ''), s.reviewed_at)
  is distinct from (x.nick, x.variant, x.rating, x.content, x.followup, x.reply, x.reviewed_at)
"""

INSERT_REVIEWS = """
insert into commerce_review (shop_id, review_no, order_id, member_id, nick, variant, rating,
  content, followup, reply, reviewed_at, source_ref, changed_ref)
select %(shop)s, review_no, order_id, member_id, nick, variant, rating, content, followup, reply,
  reviewed_at, %(ref)s, %(ref)s
from review_merge where id is null
"""

UPDATE_REVIEWS = """
update commerce_review x set nick = m.nick, variant = m.variant, rating = m.rating,
  content = m.content, followup = m.followup, reply = m.reply, reviewed_at = m.reviewed_at,
  order_id = coalesce(m.order_id, x.order_id), member_id = coalesce(x.member_id, m.member_id),
  changed_ref = %(ref)s
from review_merge m where x.id = m.id
"""
