-- name: insert_key
-- A new operator key; only its hash is kept.
insert into api_keys (id, hash, tenant_id, label) values ($1, $2, $3, $4)

-- name: key_by_hash
-- A key that is not revoked.
select id, tenant_id from api_keys where hash = $1 and revoked_at is null

-- name: all_keys
-- All keys, without what they are.
select k.id, n.slug as tenant, k.label, k.created_at, k.revoked_at
from api_keys k
left join tenants n on n.id = k.tenant_id
order by k.created_at, k.id

-- name: revoke_key
-- A key that nobody may use any more.
update api_keys set revoked_at = now() where id = $1 and revoked_at is null returning id
