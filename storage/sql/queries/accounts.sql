-- name: open_accounts
-- Accounts with their secrets that may still be live; $1: one account, or null for all.
select
    a.id, a.provider, a.tenant_id as tenant, a.mode, a.settings,
    array(select s.sealed from secrets s where s.account_id = a.id order by s.created_at desc, s.id) as sealed,
    array(select s.expires_at from secrets s where s.account_id = a.id order by s.created_at desc, s.id) as expires,
    array(select s.id from secrets s where s.account_id = a.id order by s.created_at desc, s.id) as secret_ids
from accounts a
where a.disabled_at is null and ($1::text is null or a.id = $1)

-- name: insert_account
-- A new account.
insert into accounts (id, provider, tenant_id, mode, settings) values ($1, $2, $3, $4, $5)

-- name: internal_account
-- The account of a tenant that no provider calls: made when first needed, the same one ever after.
insert into accounts (id, provider, tenant_id) values ($1, $2, $3)
on conflict (id) do nothing

-- name: account_by_id
-- One account.
select a.id, a.provider, a.tenant_id as tenant, a.mode, a.settings from accounts a where a.id = $1

-- name: list_accounts
-- All accounts, or those of one tenant.
select
    a.id, a.provider, t.slug as tenant, a.mode, a.settings, a.created_at, a.disabled_at,
    (select count(*) from secrets s where s.account_id = a.id and (s.expires_at is null or s.expires_at > now()))
        as secrets
from accounts a
left join tenants t on t.id = a.tenant_id
where $1::uuid is null or a.tenant_id = $1
order by a.created_at, a.id

-- name: set_account
-- Change mode and settings, switch off or on; what is null stays.
update accounts set
    mode = coalesce($2, mode), settings = coalesce($3::jsonb, settings),
    disabled_at = case $4::boolean when true then now() when false then null else disabled_at end
where id = $1
returning id

-- name: insert_secret
-- One more live secret of an account.
insert into secrets (id, account_id, sealed) values ($1, $2, $3)

-- name: list_secrets
-- The secrets of an account, the newest first, still sealed.
select id, sealed, created_at, expires_at from secrets where account_id = $1 order by created_at desc, id

-- name: expire_secret
-- Let a secret end at a time. The last one that never ends stays: an account without a secret does not exist.
update secrets s set expires_at = $3
where s.id = $1 and s.account_id = $2 and exists (
    select from secrets o where o.account_id = $2 and o.id <> s.id and (o.expires_at is null or o.expires_at > $3)
)
returning s.id

-- name: sealed_secrets
-- All secrets, to be sealed with another key.
select id, account_id, sealed from secrets order by id for update

-- name: reseal_secret
-- The same secret under another key.
update secrets set sealed = $2 where id = $1

-- name: lock_account
-- One change of an account's secrets at a time: two that end at once would leave none.
select id from accounts where id = $1 for no key update
