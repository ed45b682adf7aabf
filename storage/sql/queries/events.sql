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
  and e.tx < (pg_snapshot_xmin(pg_current_snapshot())::text::bigint + outbox_shift())::text::xid8
  and ($3::uuid is null or e.tenant_id = $3)
order by e.tx, e.seq
limit $4

-- name: events_ahead
-- How many events lie ahead of all transactions of this server: they were restored from another one.
select count(*)
from events
where tx >= (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + outbox_shift())::text::xid8

-- name: follow_on
-- Lets new events go on behind restored ones, so that readers go on from the places that they have. Those that were
-- written since the restore come behind them too. The leap of 2^32 goes by what readers saw and the dump lacks.
do $do$
declare
    edge xid8;
    newest bigint;
    newest_seq bigint;
begin
    lock table events in access exclusive mode;
    edge := (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + outbox_shift())::text::xid8;
    select max(tx::text::bigint), max(seq) into newest, newest_seq from events where tx >= edge;
    if newest is null then
        return;
    end if;
    newest := newest + 4294967296;
    update events set tx = newest::text::xid8 where tx < edge and seq > newest_seq;
    execute format(
        'create or replace function outbox_shift() returns bigint language sql stable as %L',
        format('select %s::bigint', newest + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
    );
end
$do$
