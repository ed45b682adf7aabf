-- name: message_outcome
-- One message with what became of it: its newest receipt counts. A duplicate shows what its original said.
select
    asked.id, coalesce(r.outcome, 'appended') as state, coalesce(r.reason, '') as reason, r.duplicate_of,
    coalesce(r.tenant_id, m.tenant_id) as tenant_id, n.slug as tenant,
    coalesce(r.account_id, m.account_id) as account, t.ref as ticket, d.decision,
    coalesce(
        (r.outcome = 'dead' or (r.outcome = 'suppressed' and r.reason = 'spam')) and l.settled_as = 'replayed', false
    ) as replayed,
    coalesce(m.channel, '') as channel, coalesce(m.provider, a.provider, '') as provider,
    coalesce(m.provider_message_id, '') as provider_message_id, coalesce(m.direction, 'inbound') as direction,
    coalesce(m.sender, '{}') as sender, coalesce(m.recipients, '[]') as recipients,
    coalesce(m.subject, '') as subject, coalesce(m.text, '') as text, coalesce(m.reply_text, '') as reply_text,
    coalesce(m.html, '') as html, coalesce(m.language, '') as language, m.sent_at,
    coalesce(m.received_at, r.at) as received_at, coalesce(m.flags, '{}') as flags,
    coalesce(m.notes, '{}') as notes,
    coalesce((
        select jsonb_agg(jsonb_build_object(
            'filename', f.filename, 'content_type', f.content_type, 'size', f.size, 'sha256', f.sha256,
            'inline', f.inline, 'state', f.state
        ) order by f.position)
        from attachments f where f.message_id = m.id
    ), '[]') as attachments
from (select $1::uuid as id) asked
left join lateral (
    select * from receipts where message_id = asked.id order by generation desc limit 1
) r on true
left join lateral (
    select * from messages where id in (asked.id, r.duplicate_of) order by id <> asked.id limit 1
) m on true
left join tickets t on t.id = m.ticket_id
left join tenants n on n.id = coalesce(r.tenant_id, m.tenant_id)
left join accounts a on a.id = r.account_id
left join decisions d on d.message_id = asked.id
left join dead_letters l on l.message_id = asked.id
where r.message_id is not null or m.id is not null
