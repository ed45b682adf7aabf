-- name: take_claims
-- Take dedupe keys, in the order given (sorted: no deadlock); waits for whoever is just taking one of them.
insert into claims (key, message_id, at)
select key, message_id, $3 from unnest($1::bytea[], $2::uuid[]) as wanted (key, message_id)
on conflict (key) do nothing

-- name: claim_owners
-- Who has the keys now.
select key, message_id from claims where key = any($1::bytea[])

-- name: receipts_of
-- What is on record for messages, the newest generation last.
select message_id, generation, entry, outcome
from receipts
where message_id = any($1::uuid[])
order by message_id, generation

-- name: lock_keys
-- One writer at a time for each conversation; sorted by the caller, held until the transaction ends.
select pg_advisory_xact_lock(key) from unnest($1::bigint[]) as key

-- name: insert_contacts
-- New contacts.
insert into contacts (id, tenant_id, name, created_at)
select id, tenant_id, name, created_at from json_populate_recordset(null::contacts, $1::json)

-- name: insert_identities
-- New identities; one that somebody else has just made stays theirs.
insert into identities (tenant_id, kind, value, contact_id)
select tenant_id, kind, value, contact_id from json_populate_recordset(null::identities, $1::json)
on conflict do nothing

-- name: take_numbers
-- The next ticket numbers of tenants: returns the last one that each may use.
insert into ticket_counters as c (tenant_id, last)
select tenant_id, n from unnest($1::uuid[], $2::bigint[]) as wanted (tenant_id, n)
on conflict (tenant_id) do update set last = c.last + excluded.last
returning tenant_id, last

-- name: insert_tickets
-- New tickets.
insert into tickets (
    id, tenant_id, ref, subject, status, priority, category, type, channel, provider, account_id, contact_id,
    tags, labels, merged_into, follows, evidence, set_by_hand, agent_acted, reply_token, first_response_due_at,
    resolution_due_at, first_responded_at, bounced_at, customer_wrote_at, created_at, updated_at
)
select
    id, tenant_id, ref, subject, status, priority, category, type, channel, provider, account_id, contact_id,
    tags, labels, merged_into, follows, evidence, set_by_hand, agent_acted, reply_token, first_response_due_at,
    resolution_due_at, first_responded_at, bounced_at, customer_wrote_at, created_at, updated_at
from json_populate_recordset(null::tickets, $1::json)

-- name: update_tickets
-- What messages changed on tickets that were there.
update tickets t set
    subject = u.subject, status = u.status, priority = u.priority, category = u.category, type = u.type,
    contact_id = u.contact_id, tags = u.tags, evidence = u.evidence, agent_acted = u.agent_acted,
    first_response_due_at = u.first_response_due_at, resolution_due_at = u.resolution_due_at,
    first_responded_at = coalesce(t.first_responded_at, u.first_responded_at), bounced_at = u.bounced_at,
    resolved_at = case when u.status in ('resolved', 'closed') then t.resolved_at end,
    customer_wrote_at = u.customer_wrote_at, updated_at = u.updated_at
from json_populate_recordset(null::tickets, $1::json) u
where t.id = u.id and t.tenant_id = u.tenant_id

-- name: insert_reply_tokens
-- The capabilities of new tickets.
insert into reply_tokens (token, tenant_id, ticket_id, created_at)
select token, tenant_id, ticket_id, created_at from json_populate_recordset(null::reply_tokens, $1::json)

-- name: insert_participants
-- Who takes part in which ticket.
insert into participants (ticket_id, tenant_id, kind, value)
select ticket_id, tenant_id, kind, value from json_populate_recordset(null::participants, $1::json)
on conflict do nothing

-- name: upsert_conversations
-- The open ends of conversations.
insert into conversations (tenant_id, account_id, key, ticket_id)
select tenant_id, account_id, key, ticket_id from json_populate_recordset(null::conversations, $1::json)
on conflict (tenant_id, account_id, key) do update set ticket_id = excluded.ticket_id

-- name: insert_message_ids
-- Message-IDs that were received or issued.
insert into message_ids (tenant_id, message_id, ticket_id, issued)
select tenant_id, message_id, ticket_id, issued from json_populate_recordset(null::message_ids, $1::json)
on conflict do nothing

-- name: insert_messages
-- Messages with their originals; a dead letter's row is filled in when its replay finds a place for it.
insert into messages as m (
    id, tenant_id, ticket_id, account_id, contact_id, channel, provider, provider_message_id, direction, sender,
    recipients, subject, text, reply_text, html, language, sent_at, received_at, flags, notes, extra, raw, raw_blob
)
select
    n.id, n.tenant_id, n.ticket_id, n.account_id, n.contact_id, n.channel, n.provider, n.provider_message_id,
    n.direction, n.sender, n.recipients, n.subject, n.text, n.reply_text, n.html, n.language, n.sent_at,
    n.received_at, n.flags, n.notes, n.extra, o.raw, o.raw_blob
from json_populate_recordset(null::messages, $1::json) n
left join unnest($2::uuid[], $3::bytea[], $4::text[]) as o (id, raw, raw_blob) on o.id = n.id
on conflict (id) do update set
    tenant_id = excluded.tenant_id, ticket_id = excluded.ticket_id, account_id = excluded.account_id,
    contact_id = excluded.contact_id, direction = excluded.direction, sender = excluded.sender,
    recipients = excluded.recipients, subject = excluded.subject, text = excluded.text,
    reply_text = excluded.reply_text, html = excluded.html, language = excluded.language,
    sent_at = excluded.sent_at, flags = excluded.flags, notes = excluded.notes, extra = excluded.extra
where m.ticket_id is null

-- name: merge_recipients
-- A copy of a message came by further addresses: the stored one lists them too. Locks in the order of the ids.
with locked as (
    select id, recipients from messages where id = any($1::uuid[]) order by id for no key update
), more as (
    select m.id, jsonb_agg(distinct n.recipient) as recipients
    from locked m
    join unnest($1::uuid[], $2::jsonb[]) as n (id, recipient) on n.id = m.id
    where not m.recipients @> jsonb_build_array(jsonb_build_object('address', n.recipient -> 'address'))
    group by m.id
)
update messages m set recipients = m.recipients || more.recipients from more where m.id = more.id

-- name: insert_attachments
-- Files of messages; those of a replayed dead letter as they are read now.
insert into attachments (message_id, position, filename, content_type, size, sha256, inline, content_id, state, url)
select message_id, position, filename, content_type, size, sha256, inline, content_id, state, url
from json_populate_recordset(null::attachments, $1::json)
on conflict (message_id, position) do update set
    filename = excluded.filename, content_type = excluded.content_type, size = excluded.size,
    sha256 = excluded.sha256, inline = excluded.inline, content_id = excluded.content_id, state = excluded.state,
    url = excluded.url

-- name: insert_activities
-- Entries of the audit trail.
insert into activities (id, tenant_id, ticket_id, at, actor, kind, data)
select id, tenant_id, ticket_id, at, actor, kind, data from json_populate_recordset(null::activities, $1::json)

-- name: insert_decisions
-- Why each message went where it went; a replay's decision replaces the earlier one.
insert into decisions (message_id, tenant_id, decision, at)
select message_id, tenant_id, decision, at from json_populate_recordset(null::decisions, $1::json)
on conflict (message_id) do update set
    tenant_id = excluded.tenant_id, decision = excluded.decision, at = excluded.at

-- name: insert_receipts
-- The ledger. A second receipt of one generation is an error: it would be a second effect.
insert into receipts (message_id, generation, account_id, tenant_id, outcome, reason, duplicate_of, entry, at)
select message_id, generation, account_id, tenant_id, outcome, reason, duplicate_of, entry, at
from json_populate_recordset(null::receipts, $1::json)

-- name: insert_events
-- The outbox.
insert into events (id, tenant_id, name, ticket_id, message_id, may_answer, data, at)
select id, tenant_id, name, ticket_id, message_id, may_answer, data, at
from json_populate_recordset(null::events, $1::json)

-- name: upsert_dead_letters
-- Messages that cannot become tickets now, or are held for spam; one that failed again is open again.
insert into dead_letters (
    message_id, account_id, tenant_id, reason, error, trace, attempts, code_version, envelope, at
)
select
    n.message_id, n.account_id, n.tenant_id, n.reason, n.error, n.trace, n.attempts, $2, o.envelope, n.at
from json_populate_recordset(null::dead_letters, $1::json) n
join unnest($3::uuid[], $4::bytea[]) as o (message_id, envelope) on o.message_id = n.message_id
on conflict (message_id) do update set
    account_id = excluded.account_id, tenant_id = excluded.tenant_id, reason = excluded.reason,
    error = excluded.error, trace = excluded.trace, attempts = excluded.attempts,
    code_version = excluded.code_version, envelope = excluded.envelope, at = excluded.at,
    settled_at = null, settled_as = null

-- name: settle_replayed
-- Replayed dead letters that got through.
update dead_letters set settled_at = $2, settled_as = 'replayed'
where message_id = any($1::uuid[]) and settled_at is null

-- name: upsert_consents
-- The newest word of an address on whether it wants to hear from us.
insert into consents as c (tenant_id, account_id, address, state, at)
select distinct on (tenant_id, account_id, address) tenant_id, account_id, address, state, at
from json_populate_recordset(null::consents, $1::json)
order by tenant_id, account_id, address, at desc
on conflict (tenant_id, account_id, address) do update set state = excluded.state, at = excluded.at
where c.at <= excluded.at

-- name: existing
-- The tenant and the account, where they are (still) there.
select (select id from tenants where id = $1::uuid) as tenant, (select id from accounts where id = $2) as account
