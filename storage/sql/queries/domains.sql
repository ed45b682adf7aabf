-- name: claim_domain
-- Claim a domain, to be proven; what nobody has proven can be claimed anew, what is proven stays its tenant's.
insert into domains as d (domain, tenant_id, challenge) values ($1, $2, $3)
on conflict (domain) do update set
    tenant_id = excluded.tenant_id,
    challenge = case when d.tenant_id = excluded.tenant_id then d.challenge else excluded.challenge end
where d.proven_at is null or d.tenant_id = excluded.tenant_id
returning challenge

-- name: vouch_for_domain
-- An operator says whose a domain is: that proves it.
insert into domains as d (domain, tenant_id, challenge, proof, proven_at, checked_at)
values ($1, $2, $3, 'operator', $4, $4)
on conflict (domain) do update set
    tenant_id = excluded.tenant_id, proof = 'operator', proven_at = coalesce(d.proven_at, excluded.proven_at),
    checked_at = excluded.checked_at
where d.proven_at is null or d.tenant_id = excluded.tenant_id
returning domain

-- name: find_domain
-- A domain as a tenant has it.
select domain, tenant_id as tenant, challenge, proof, proven_at, checked_at, catch_all
from domains
where domain = $1

-- name: list_domains
-- The domains of a tenant, or of all.
select domain, tenant_id as tenant, challenge, proof, proven_at, checked_at, catch_all
from domains
where $1::uuid is null or tenant_id = $1
order by domain

-- name: domain_is_proven
-- Its challenge was found; only for the tenant that it was asked for.
update domains set proof = coalesce(proof, 'txt'), proven_at = coalesce(proven_at, $3), checked_at = $3
where domain = $1 and tenant_id = $2
returning domain

-- name: domain_is_lost
-- Its challenge is gone for good: it routes no more, and anybody may prove it.
update domains set proof = null, proven_at = null, checked_at = null
where domain = $1 and tenant_id = $2 and proof = 'txt'
returning domain

-- name: domains_to_check
-- Domains proven by TXT that have not been seen for a while.
select domain, tenant_id as tenant, challenge, proof, proven_at, checked_at, catch_all
from domains
where proof = 'txt' and proven_at is not null and checked_at < $1
order by checked_at
limit $2

-- name: set_catch_all
-- Whether any address of a domain arrives, or only the listed ones.
update domains set catch_all = $3 where domain = $1 and tenant_id = $2 returning domain

-- name: drop_domain
-- A domain that is the tenant's no longer.
delete from domains where domain = $1 and tenant_id = $2 returning domain
