-- name: outcomes
-- The ledger: what became of the messages of each account and tenant. A message's newest receipt counts.
select r.account_id as account, r.tenant_id as tenant, r.outcome, count(*) as messages
from receipts r
where not exists (
    select 1 from receipts n where n.message_id = r.message_id and n.generation > r.generation and n.generation > 0
)
group by r.account_id, r.tenant_id, r.outcome

-- name: with_receipt
-- Those of the messages that have had an effect.
select distinct message_id from receipts where message_id = any($1::uuid[])

-- name: account_names
-- Accounts with what people know them by.
select a.id, a.provider, n.slug as tenant from accounts a left join tenants n on n.id = a.tenant_id

-- name: tenant_slugs
-- Tenants with what people know them by.
select id, slug from tenants
