-- name: ticket_ids_by_ref
-- Ids of a tenant's tickets.
select id, ref from tickets where tenant_id = $1 and ref = any($2::text[])

-- name: merged_chain
-- Tickets and all that they were merged into.
with recursive chain as (
    select id, merged_into from tickets where id = any($1::uuid[])
    union
    select t.id, t.merged_into from chain c join tickets t on t.id = c.merged_into
)
select id from chain

-- name: lock_to_handle
-- Lock tickets of a tenant in the order of their ids, for a person's change.
select
    id, tenant_id, ref, status, priority, category, type, labels, contact_id, assignee, merged_into, set_by_hand,
    agent_acted, first_response_due_at, resolution_due_at, first_responded_at, resolved_at, created_at, updated_at
from tickets
where id = any($1::uuid[]) and tenant_id = $2
order by id
for no key update

-- name: update_by_hand
-- What a person changed on a ticket.
update tickets t set
    status = u.status, priority = u.priority, category = u.category, type = u.type, labels = u.labels,
    contact_id = u.contact_id, assignee = u.assignee, merged_into = u.merged_into, set_by_hand = u.set_by_hand,
    agent_acted = u.agent_acted, first_response_due_at = u.first_response_due_at,
    resolution_due_at = u.resolution_due_at, first_responded_at = u.first_responded_at,
    resolved_at = u.resolved_at, updated_at = u.updated_at
from json_populate_recordset(null::tickets, $1::json) u
where t.id = u.id and t.tenant_id = u.tenant_id

-- name: contact_of_tenant
-- Whether a contact is the tenant's.
select true from contacts where id = $1 and tenant_id = $2

-- name: hand_over_participants
-- Whoever takes part in a merged ticket takes part in the one that it goes into.
insert into participants (ticket_id, tenant_id, kind, value)
select $2::uuid, p.tenant_id, p.kind, p.value from participants p where p.ticket_id = $1
union
select $2::uuid, i.tenant_id, i.kind, i.value
from tickets t
join identities i on i.contact_id = t.contact_id
where t.id = $1
on conflict do nothing

-- name: answer_facts
-- What an answer on a ticket needs: where it can go out, to whom, and under which address replies come back.
select
    t.channel, t.provider, t.account_id, t.subject, t.reply_token,
    (
        select d.domain from domains d
        where d.tenant_id = t.tenant_id and d.proven_at is not null
        order by d.proven_at, d.domain limit 1
    ) as own_domain,
    coalesce((
        select array_agg(i.value order by i.kind, i.value) from identities i
        where i.contact_id = t.contact_id and i.kind = (case when t.channel = 'email' then 'email' else i.kind end)
          and i.kind not like 'claim:%'
    ), '{}') as addresses
from tickets t
where t.id = $1
