-- name: tickets_of_tenant
-- A page of a tenant's tickets, the newest first, after the one named.
select t.id, t.ref, t.created_at
from tickets t
where t.tenant_id = $1
  and ($2::timestamptz is null or (t.created_at, t.id) < ($2, $3::uuid))
  and ($4::text is null or t.status = $4)
  and ($5::text is null or t.priority = $5)
  and ($6::text is null or t.category = $6)
  and ($7::text is null or t.type = $7)
  and ($8::text is null or t.channel = $8)
  and ($9::text is null or t.assignee = $9)
  and ($10::text is null or $10 = any(t.labels))
  and ($11::text is null or $11 = any(t.tags))
  and ($12::text is null or t.contact_id::text = lower($12) or t.contact_id in (
      select i.contact_id from identities i where i.tenant_id = t.tenant_id and i.value = $12
  ))
order by t.created_at desc, t.id desc
limit $13

-- name: tickets_of_all
-- The same over all tenants, by the tickets' ids, which sort by time and have an index.
select t.id, t.ref, t.created_at
from tickets t
where ($2::timestamptz is null or t.id < $3::uuid)
  and ($1::uuid is null)
  and ($4::text is null or t.status = $4)
  and ($5::text is null or t.priority = $5)
  and ($6::text is null or t.category = $6)
  and ($7::text is null or t.type = $7)
  and ($8::text is null or t.channel = $8)
  and ($9::text is null or t.assignee = $9)
  and ($10::text is null or $10 = any(t.labels))
  and ($11::text is null or $11 = any(t.tags))
  and ($12::text is null or t.contact_id::text = lower($12) or t.contact_id in (
      select i.contact_id from identities i where i.tenant_id = t.tenant_id and i.value = $12
  ))
order by t.id desc
limit $13

-- name: shown_tickets
-- Tickets as they are shown. $2: domain of reply addresses; null: the first that the tenant has proven.
select
    t.id, t.ref, n.slug as tenant, t.subject, t.status, t.priority, t.category, t.type, t.channel, t.provider,
    t.assignee, t.tags, t.labels, m.ref as merged_into, f.ref as follows, t.first_response_due_at,
    t.resolution_due_at, t.created_at, t.updated_at,
    't_' || t.reply_token || '@' || coalesce($2, (
        select d.domain from domains d
        where d.tenant_id = t.tenant_id and d.proven_at is not null
        order by d.proven_at, d.domain limit 1
    )) as reply_address,
    case when c.id is not null then jsonb_build_object(
        'id', c.id, 'name', c.name, 'vip', c.vip, 'identities', coalesce((
            select jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value) order by i.kind, i.value)
            from identities i where i.contact_id = c.id
        ), '[]')
    ) end as contact
from tickets t
join tenants n on n.id = t.tenant_id
left join contacts c on c.id = t.contact_id
left join tickets m on m.id = t.merged_into
left join tickets f on f.id = t.follows
where t.id = any($1::uuid[])

-- name: ticket_by_ref
-- The id of a tenant's ticket.
select id from tickets where tenant_id = $1 and ref = $2

-- name: messages_of_ticket
-- All messages of a ticket, in the order of their acceptance. A delay notice or a receipt is none of them: it
-- stands in the audit trail alone (what is a bounce or a complaint as well was filed as that).
select
    m.id, m.channel, m.provider, m.provider_message_id, m.direction, m.sender, m.recipients, m.subject, m.text,
    m.reply_text, m.html, m.language, m.sent_at, m.received_at, m.flags, m.notes, coalesce(a.files, '[]') as attachments
from messages m
left join lateral (
    select jsonb_agg(jsonb_build_object(
        'filename', f.filename, 'content_type', f.content_type, 'size', f.size, 'sha256', f.sha256,
        'inline', f.inline, 'state', f.state
    ) order by f.position) as files
    from attachments f where f.message_id = m.id
) a on true
where m.ticket_id = $1
  and not ('delivery_report' = any(m.flags) and not m.flags && '{bounce,complaint_report}')
order by m.received_at, m.id

-- name: activities_of_ticket
-- The audit trail of a ticket.
select id, at, actor, kind, data from activities where ticket_id = $1 order by at, id

-- name: ref_of_ticket
-- The reference of a tenant's ticket.
select ref from tickets where id = $1 and tenant_id = $2
