-- name: dead_letters_after
-- Open dead letters, the oldest first: of one tenant, for one reason (without one: all but spam), after the one
-- named. In two halves, each with an index of its own: of spam there may be a thousand times as many.
select
    d.message_id as id, d.account_id as account, t.slug as tenant, d.reason, d.error, d.attempts, d.code_version, d.at,
    coalesce(m.sender, '{}') as sender, coalesce(m.subject, '') as subject
from (
    (
        select * from dead_letters
        where settled_at is null and reason <> 'spam' and ($2::text is null or reason = $2)
          and ($1::uuid is null or tenant_id = $1)
          and ($3::timestamptz is null or (at, message_id) > ($3, $4::uuid))
        order by at, message_id
        limit $5
    )
    union all
    (
        select * from dead_letters
        where settled_at is null and reason = 'spam' and $2 = 'spam'
          and ($1::uuid is null or tenant_id = $1)
          and ($3::timestamptz is null or (at, message_id) > ($3, $4::uuid))
        order by at, message_id
        limit $5
    )
) d
left join tenants t on t.id = d.tenant_id
left join messages m on m.id = d.message_id
order by d.at, d.message_id

-- name: dead_letter
-- One dead letter with everything, settled or not.
select
    d.message_id as id, d.account_id as account, t.slug as tenant, d.tenant_id, d.reason, d.error, d.attempts,
    d.code_version, d.at, d.trace, d.envelope, d.settled_at, d.settled_as, m.raw, m.raw_blob,
    coalesce(m.sender, '{}') as sender, coalesce(m.subject, '') as subject
from dead_letters d
left join tenants t on t.id = d.tenant_id
left join messages m on m.id = d.message_id
where d.message_id = $1

-- name: lock_dead_letter
-- An open dead letter, for whoever settles it, with its account as it is now and its newest receipt.
select
    d.message_id as id, d.account_id, d.tenant_id, d.reason, d.envelope, r.generation, r.entry,
    a.id is not null as account_exists, a.provider, a.tenant_id as account_tenant, a.mode, a.settings
from dead_letters d
join lateral (
    select generation, entry from receipts where message_id = d.message_id order by generation desc limit 1
) r on true
left join accounts a on a.id = d.account_id
where d.message_id = $1 and d.settled_at is null
for no key update of d

-- name: settle_dead_letter
-- It is dealt with.
update dead_letters set settled_at = $2, settled_as = $3 where message_id = $1

-- name: open_dead_letter_ids
-- Ids of all open dead letters: of one tenant, for one reason (without one: all but spam).
select d.message_id as id
from (
    select * from dead_letters where settled_at is null and reason <> 'spam' and ($2::text is null or reason = $2)
    union all
    select * from dead_letters where settled_at is null and reason = 'spam' and $2 = 'spam'
) d
where $1::uuid is null or d.tenant_id = $1
order by d.at, d.message_id
