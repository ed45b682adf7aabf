-- name: find_tokens
-- Reply tokens of whatever tenant, dead ones too.
select token, tenant_id, ticket_id, revoked_at is null and (expires_at is null or expires_at > now()) as live
from reply_tokens
where token = any($1::text[])

-- name: find_message_ids
-- Tickets that Message-IDs were received on or issued for, each asked for in its tenant.
select m.tenant_id, m.message_id, m.ticket_id, m.issued
from unnest($1::uuid[], $2::text[]) as asked (tenant_id, message_id)
join message_ids m on m.tenant_id = asked.tenant_id and m.message_id = asked.message_id
order by m.ticket_id

-- name: find_refs
-- Tickets by their public references.
select t.tenant_id, t.ref, t.id
from unnest($1::uuid[], $2::text[]) as asked (tenant_id, ref)
join tickets t on t.tenant_id = asked.tenant_id and t.ref = asked.ref

-- name: find_conversations
-- The open ends of conversations.
select c.tenant_id, c.account_id, c.key, c.ticket_id
from unnest($1::uuid[], $2::text[], $3::text[]) as asked (tenant_id, account_id, key)
join conversations c on c.tenant_id = asked.tenant_id and c.account_id = asked.account_id and c.key = asked.key

-- name: find_contacts
-- Contacts by identity: whether they told us to stop, and how often they may have been answered lately.
-- The newest tickets are enough for that: whoever has more of them has been answered more often than any budget.
select
    i.tenant_id, i.kind, i.value, c.id, c.name, c.vip, c.blocked,
    exists (
        select from identities o
        join consents s on s.tenant_id = o.tenant_id and s.address = o.value
        where o.contact_id = c.id and s.state = 'stop'
    ) as stopped,
    (
        select count(*)
        from (select id from tickets where contact_id = c.id order by created_at desc limit 50) t
        join events e on e.ticket_id = t.id
        where e.may_answer and e.at > $4
    ) as answers
from unnest($1::uuid[], $2::text[], $3::text[]) as asked (tenant_id, kind, value)
join identities i on i.tenant_id = asked.tenant_id and i.kind = asked.kind and i.value = asked.value
join contacts c on c.id = i.contact_id

-- name: follow_tickets
-- Tickets, all that they were merged into, and the newest ones that follow them.
with recursive chain as (
    select id, merged_into from tickets where id = any($1::uuid[])
    union
    select t.id, t.merged_into
    from chain c
    cross join lateral (
        select id, merged_into from tickets where id = c.merged_into
        union all
        (select id, merged_into from tickets where follows = c.id order by created_at desc, id desc limit 1)
    ) t
)
select id from chain

-- name: lock_tickets
-- Lock tickets in the order of their ids, and read what is committed of them once they are locked.
select
    id, tenant_id, ref, subject, status, priority, category, type, channel, contact_id, tags, merged_into,
    evidence, set_by_hand, agent_acted, created_at, customer_wrote_at, updated_at, first_response_due_at,
    resolution_due_at, bounced_at
from tickets
where id = any($1::uuid[])
order by id
for no key update

-- name: read_tickets
-- The same without a lock, for a dry run.
select
    id, tenant_id, ref, subject, status, priority, category, type, channel, contact_id, tags, merged_into,
    evidence, set_by_hand, agent_acted, created_at, customer_wrote_at, updated_at, first_response_due_at,
    resolution_due_at, bounced_at
from tickets
where id = any($1::uuid[])

-- name: find_followers
-- For each ticket the newest one that follows it, and how often it may have been answered lately.
select
    asked.id,
    (select id from tickets f where f.follows = asked.id order by created_at desc, id desc limit 1) as followed_by,
    (select count(*) from events e where e.ticket_id = asked.id and e.may_answer and e.at > $2) as answers
from unnest($1::uuid[]) as asked (id)

-- name: find_participants
-- Who takes part in tickets, with all identities of their contacts.
select p.ticket_id, p.kind, p.value from participants p where p.ticket_id = any($1::uuid[])
union
select t.id, i.kind, i.value
from tickets t
join identities i on i.contact_id = t.contact_id
where t.id = any($1::uuid[])
