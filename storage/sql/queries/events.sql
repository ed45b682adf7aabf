-- name: events_after
-- The outbox after a place in it. Rows of transactions that may still be running, or that began after one, wait:
-- so nothing is ever put in front of what a reader has seen.
select
    e.tx::text as tx, e.seq, e.id, e.name, n.slug as tenant, t.ref as ticket, e.message_id as message, e.may_answer,
    e.data, e.at
from events e
join tenants n on n.id = e.tenant_id
left join tickets t on t.id = e.ticket_id
where (e.tx, e.seq) > ($1::text::xid8, $2::bigint)
  and e.tx < pg_snapshot_xmin(pg_current_snapshot())
  and ($3::uuid is null or e.tenant_id = $3)
order by e.tx, e.seq
limit $4
