-- The schema as it is now. Migrations arrive exactly here (tested). Words as in docs/architecture.md.
--
-- What belongs to a ticket or a contact refers to it together with its tenant: a row of one tenant that points
-- to a row of another cannot be stored, whatever the code above does (P4). Such a row's tenant exists because the
-- ticket's does: a second check would cost a tenth of the time of a write.

create table tenants (
    id uuid primary key,
    slug text not null unique,
    name text not null,
    time_zone text not null default 'UTC',
    languages text[] not null default '{en}',
    settings jsonb not null default '{}',
    created_at timestamptz not null default now()
);
comment on column tenants.settings is 'routing.facts.TenantSettings as JSON; what is absent has its default';

-- Every slug a tenant has had. Never reused: mail to an old plus address still arrives.
create table slugs (
    slug text primary key,
    tenant_id uuid not null references tenants
);

-- Addresses that belong to a tenant: its agents' own, and the ones it receives at (with their defaults).
create table addresses (
    address text primary key,
    tenant_id uuid not null references tenants,
    kind text not null check (kind in ('agent', 'inbox')),
    name text not null default '',
    category text,
    priority text,
    type text,
    tags text[] not null default '{}'
);
create index addresses_tenant on addresses (tenant_id);

create table domains (
    domain text primary key,
    tenant_id uuid not null references tenants,
    challenge text not null,
    proof text check (proof in ('txt', 'operator')),
    proven_at timestamptz,
    checked_at timestamptz,
    catch_all boolean not null default true
);
comment on column domains.proven_at is 'null: claimed, not proven, routes nothing';
create index domains_tenant on domains (tenant_id);

create table accounts (
    id text primary key,
    provider text not null,
    tenant_id uuid references tenants,
    mode text not null default 'enforce' check (mode in ('enforce', 'observe')),
    settings jsonb not null default '{}',
    created_at timestamptz not null default now(),
    disabled_at timestamptz
);

create table secrets (
    id uuid primary key,
    account_id text not null references accounts,
    sealed bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz
);
create index secrets_account on secrets (account_id);

create table api_keys (
    id uuid primary key,
    hash bytea not null unique,
    tenant_id uuid references tenants,
    label text not null default '',
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

create table contacts (
    id uuid primary key,
    tenant_id uuid not null references tenants,
    name text not null default '',
    vip boolean not null default false,
    blocked boolean not null default false,
    created_at timestamptz not null,
    unique (tenant_id, id)
);

-- One way to reach a contact. The primary key is what makes two first messages one contact.
create table identities (
    tenant_id uuid not null,
    kind text not null,
    value text not null,
    contact_id uuid not null,
    primary key (tenant_id, kind, value),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id)
);
comment on column identities.kind is 'email, phone, or the provider whose user id it is; claim:* is unproven';
create index identities_contact on identities (contact_id);

create table ticket_counters (
    tenant_id uuid primary key references tenants,
    last bigint not null default 0
);

create table tickets (
    id uuid primary key,
    tenant_id uuid not null references tenants,
    ref text not null,
    subject text not null,
    status text not null check (status in ('open', 'in_progress', 'waiting', 'resolved', 'closed')),
    priority text not null check (priority in ('low', 'normal', 'high', 'urgent')),
    category text not null,
    type text not null,
    channel text not null,
    provider text not null,
    account_id text references accounts,
    contact_id uuid,
    assignee text,
    tags text[] not null default '{}',
    labels text[] not null default '{}',
    merged_into uuid,
    follows uuid,
    evidence jsonb not null default '{}',
    set_by_hand text[] not null default '{}',
    agent_acted boolean not null default false,
    reply_token text not null,
    first_response_due_at timestamptz,
    resolution_due_at timestamptz,
    first_responded_at timestamptz,
    resolved_at timestamptz,
    bounced_at timestamptz,
    customer_wrote_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (tenant_id, ref),
    unique (tenant_id, id),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id),
    foreign key (tenant_id, merged_into) references tickets (tenant_id, id),
    foreign key (tenant_id, follows) references tickets (tenant_id, id)
);
comment on column tickets.evidence is 'routing.triage.Evidence of all of the customer''s messages';
comment on column tickets.set_by_hand is 'fields that a person has set: never derived again';
comment on column tickets.created_at is 'acceptance of the first message: the clocks of the SLA start here';
create index tickets_listing on tickets (tenant_id, created_at desc, id desc);
create index tickets_contact on tickets (contact_id, created_at desc);
create index tickets_follows on tickets (follows, created_at desc) where follows is not null;

-- Capabilities: whoever holds the token may write to its ticket. Redacted in every log.
create table reply_tokens (
    token text primary key,
    tenant_id uuid not null,
    ticket_id uuid not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    foreign key (tenant_id, ticket_id) references tickets (tenant_id, id)
);
create index reply_tokens_ticket on reply_tokens (ticket_id);

create table participants (
    ticket_id uuid not null,
    tenant_id uuid not null,
    kind text not null,
    value text not null,
    primary key (ticket_id, kind, value),
    foreign key (tenant_id, ticket_id) references tickets (tenant_id, id)
);

-- The open end of each conversation of a provider's channel.
create table conversations (
    tenant_id uuid not null,
    account_id text not null references accounts,
    key text not null,
    ticket_id uuid not null,
    primary key (tenant_id, account_id, key),
    foreign key (tenant_id, ticket_id) references tickets (tenant_id, id)
);

-- Message-IDs that a tenant received or issued, for In-Reply-To and References.
create table message_ids (
    tenant_id uuid not null,
    message_id text not null,
    ticket_id uuid not null,
    issued boolean not null default false,
    primary key (tenant_id, message_id, ticket_id),
    foreign key (tenant_id, ticket_id) references tickets (tenant_id, id)
);

create table messages (
    id uuid primary key,
    tenant_id uuid references tenants,
    ticket_id uuid,
    account_id text references accounts,
    contact_id uuid,
    channel text not null,
    provider text not null,
    provider_message_id text not null default '',
    direction text not null check (direction in ('inbound', 'outbound', 'note')),
    sender jsonb not null,
    recipients jsonb not null default '[]',
    subject text not null default '',
    text text not null default '',
    reply_text text not null default '',
    html text not null default '',
    language text not null default '',
    sent_at timestamptz,
    received_at timestamptz not null,
    flags text[] not null default '{}',
    notes text[] not null default '{}',
    extra jsonb not null default '{}',
    raw bytea,
    raw_blob text,
    check (tenant_id is not null or ticket_id is null and contact_id is null),
    foreign key (tenant_id, ticket_id) references tickets (tenant_id, id),
    foreign key (tenant_id, contact_id) references contacts (tenant_id, id)
);
comment on column messages.raw is 'the original as it came, where small; else raw_blob names it in the blob store';
create index messages_shown on messages (ticket_id, received_at, id);
create index messages_tenant on messages (tenant_id, received_at desc);

create table attachments (
    message_id uuid not null references messages,
    position int not null,
    filename text not null,
    content_type text not null,
    size bigint not null,
    sha256 text not null default '',
    inline boolean not null default false,
    content_id text not null default '',
    state text not null check (state in ('stored', 'remote', 'unavailable', 'oversize')),
    url text not null default '',
    primary key (message_id, position)
);

create table activities (
    id uuid primary key,
    tenant_id uuid not null,
    ticket_id uuid not null,
    at timestamptz not null,
    actor text not null,
    kind text not null,
    data jsonb not null default '{}',
    foreign key (tenant_id, ticket_id) references tickets (tenant_id, id)
);
create index activities_shown on activities (ticket_id, at, id);

create table decisions (
    message_id uuid primary key,
    tenant_id uuid references tenants,
    decision jsonb not null,
    at timestamptz not null
);

-- Which message took a dedupe key. The primary key decides what is a duplicate (P2).
create table claims (
    key bytea primary key,
    message_id uuid not null,
    at timestamptz not null
);
create index claims_message on claims (message_id);

-- The ledger (P10): insert-only. A replay of a dead letter adds the next generation; the highest one counts.
create table receipts (
    message_id uuid not null,
    generation int not null default 0,
    account_id text not null,
    tenant_id uuid,
    outcome text not null check (outcome in ('created', 'appended', 'duplicate', 'suppressed', 'dead')),
    reason text not null default '',
    duplicate_of uuid,
    entry text not null,
    at timestamptz not null,
    primary key (message_id, generation)
);
comment on column receipts.entry is 'inbox entry that had the effect: tells a re-run from a second copy';
create index receipts_account on receipts (account_id, outcome);
create index receipts_again on receipts (message_id) where generation > 0;
create index receipts_tenant on receipts (tenant_id, outcome);

create table dead_letters (
    message_id uuid primary key,
    account_id text not null,
    tenant_id uuid,
    reason text not null,
    error text not null default '',
    trace text not null default '',
    attempts int not null,
    code_version text not null,
    envelope bytea not null,
    at timestamptz not null,
    settled_at timestamptz,
    settled_as text check (settled_as in ('replayed', 'discarded'))
);
comment on column dead_letters.reason is 'spam: suppressed by its receipt, kept here so that it can be released';
create index dead_letters_open on dead_letters (at, message_id) where settled_at is null and reason <> 'spam';
create index dead_letters_spam on dead_letters (at, message_id) where settled_at is null and reason = 'spam';

create table consents (
    tenant_id uuid not null references tenants,
    account_id text not null references accounts,
    address text not null,
    state text not null check (state in ('stop', 'start')),
    at timestamptz not null,
    primary key (tenant_id, account_id, address)
);
create index consents_stop on consents (tenant_id, address) where state = 'stop';

create table rules (
    id uuid primary key,
    tenant_id uuid not null references tenants,
    rule jsonb not null,
    version int not null default 1,
    active boolean not null default true,
    updated_at timestamptz not null default now()
);
create index rules_tenant on rules (tenant_id);

create table sla_policies (
    tenant_id uuid not null references tenants,
    priority text not null check (priority in ('low', 'normal', 'high', 'urgent')),
    first_response_minutes int not null,
    resolution_minutes int not null,
    primary key (tenant_id, priority)
);

-- Absent: the clock runs always.
create table business_hours (
    tenant_id uuid primary key references tenants,
    time_zone text not null,
    week jsonb not null,
    holidays date[] not null default '{}'
);
comment on column business_hours.week is 'seven lists of ["09:00", "17:00"] pairs, Monday first';

-- A restored database counts its transactions anew: the outbox has to go on behind what was restored.
create function outbox_shift() returns bigint language sql stable as 'select 0::bigint';
comment on function outbox_shift() is 'what is added to transaction ids in events.tx; set by `inlet migrate` after a restore';

-- The outbox. Readers take rows of finished transactions only, in the order (tx, seq): none is ever skipped.
create table events (
    seq bigint generated always as identity primary key,
    tx xid8 not null default (pg_current_xact_id()::text::bigint + outbox_shift())::text::xid8,
    id uuid not null,
    tenant_id uuid not null references tenants,
    name text not null,
    ticket_id uuid,
    message_id uuid,
    may_answer boolean not null default false,
    data jsonb not null default '{}',
    at timestamptz not null,
    foreign key (tenant_id, ticket_id) references tickets (tenant_id, id)
);
create index events_order on events (tx, seq);
create index events_answers on events (ticket_id, at) where may_answer;

-- What the caches of the receivers and workers are built from tells them when it changes.
create function notify_change() returns trigger language plpgsql as $$
begin
    perform pg_notify('inlet_changed', tg_table_name);
    return null;
end
$$;
create trigger changed after insert or update or delete on tenants for each statement execute function notify_change();
create trigger changed after insert or update or delete on slugs for each statement execute function notify_change();
create trigger changed after insert or update or delete on addresses for each statement execute function notify_change();
create trigger changed after insert or update or delete on domains for each statement execute function notify_change();
create trigger changed after insert or update or delete on accounts for each statement execute function notify_change();
create trigger changed after insert or update or delete on secrets for each statement execute function notify_change();
create trigger changed after insert or update or delete on rules for each statement execute function notify_change();
create trigger changed after insert or update or delete on sla_policies for each statement execute function notify_change();
create trigger changed after insert or update or delete on business_hours for each statement execute function notify_change();
