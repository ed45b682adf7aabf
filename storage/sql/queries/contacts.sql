-- name: contacts_of_tenant
-- A page of a tenant's contacts by their ids, which sort by time, the newest first, after the one named.
select
    c.id, n.slug as tenant, c.name, c.vip, c.blocked, c.created_at,
    coalesce((
        select jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value) order by i.kind, i.value)
        from identities i where i.contact_id = c.id
    ), '[]') as identities
from contacts c
join tenants n on n.id = c.tenant_id
where c.tenant_id = $1
  and ($2::uuid is null or c.id < $2)
  and ($3::text is null or strpos(lower(c.name), lower($3)) > 0 or exists (
      select from identities i where i.contact_id = c.id and strpos(lower(i.value), lower($3)) > 0
  ))
  and ($4::boolean is null or c.vip = $4)
  and ($5::boolean is null or c.blocked = $5)
order by c.id desc
limit $6

-- name: contacts_by_identity
-- A tenant's contacts that an address, number or user id belongs to, of one kind or of any.
select
    c.id, n.slug as tenant, c.name, c.vip, c.blocked, c.created_at,
    (
        select jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value) order by i.kind, i.value)
        from identities i where i.contact_id = c.id
    ) as identities
from contacts c
join tenants n on n.id = c.tenant_id
where c.tenant_id = $1
  and c.id in (
      select i.contact_id from identities i
      where i.tenant_id = $1 and i.value = $2 and ($3::text is null or i.kind = $3)
  )
order by c.id

-- name: set_contact
-- Change what is given of a tenant's contact; what is null stays.
update contacts set vip = coalesce($3, vip), blocked = coalesce($4, blocked)
where tenant_id = $1 and id = $2
returning id
