-- name: insert_tenant
-- A new tenant.
insert into tenants (id, slug, name, time_zone, languages, settings) values ($1, $2, $3, $4, $5, $6)

-- name: take_slug
-- Take a slug for a tenant; one that is another's, or ever was, stays there and returns its tenant.
insert into slugs as s (slug, tenant_id) values ($1, $2)
on conflict (slug) do update set slug = s.slug
returning tenant_id

-- name: rename_tenant
-- Show the tenant under another of its slugs.
update tenants set slug = $2 where id = $1 returning id

-- name: tenant_by_slug
-- The tenant that has or had a slug.
select tenant_id from slugs where slug = $1

-- name: set_tenant
-- Change what is given; what is null stays.
update tenants set
    name = coalesce($2, name), time_zone = coalesce($3, time_zone), languages = coalesce($4::text[], languages),
    settings = coalesce($5::jsonb, settings)
where id = $1
returning id

-- name: list_tenants
-- All tenants with what leads to them.
select
    t.id, t.slug, t.name, t.time_zone, t.languages, t.settings, t.created_at,
    array(select d.domain from domains d where d.tenant_id = t.id and d.proven_at is not null order by 1) as domains,
    array(select a.address from addresses a where a.tenant_id = t.id and a.kind = 'agent' order by 1) as agents
from tenants t
order by t.created_at, t.id

-- name: take_address
-- Take an address for a tenant, or change it; one that is another tenant's stays there and is not returned.
insert into addresses as a (address, tenant_id, kind, name, category, priority, type, tags)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (address) do update set
    kind = excluded.kind, name = excluded.name, category = excluded.category, priority = excluded.priority,
    type = excluded.type, tags = excluded.tags
where a.tenant_id = excluded.tenant_id
returning address

-- name: drop_address
-- An address that is the tenant's no longer.
delete from addresses where tenant_id = $1 and address = $2 returning address

-- name: list_addresses
-- The addresses of a tenant.
select address, tenant_id as tenant, kind, name, category, priority, type, tags
from addresses
where tenant_id = $1
order by address

-- name: rules_of_tenant
-- A tenant's own rules as they are now.
select id, rule, version from rules where tenant_id = $1 and active order by updated_at, id

-- name: drop_rules
-- Make place for a tenant's new rules.
delete from rules where tenant_id = $1

-- name: insert_rule
-- One rule of a tenant.
insert into rules (id, tenant_id, rule, version, updated_at) values ($1, $2, $3, $4, $5)

-- name: set_sla
-- A tenant's targets for a priority.
insert into sla_policies (tenant_id, priority, first_response_minutes, resolution_minutes) values ($1, $2, $3, $4)
on conflict (tenant_id, priority) do update set
    first_response_minutes = excluded.first_response_minutes, resolution_minutes = excluded.resolution_minutes

-- name: sla_of_tenant
-- The targets that a tenant has set.
select priority, first_response_minutes, resolution_minutes from sla_policies where tenant_id = $1

-- name: hours_of_tenant
-- When a tenant's clocks run, where it has set that.
select time_zone, week, holidays from business_hours where tenant_id = $1

-- name: drop_sla
-- A tenant's priority with the default targets again.
delete from sla_policies where tenant_id = $1 and priority = $2

-- name: set_hours
-- When a tenant's clocks run.
insert into business_hours (tenant_id, time_zone, week, holidays) values ($1, $2, $3, $4)
on conflict (tenant_id) do update set
    time_zone = excluded.time_zone, week = excluded.week, holidays = excluded.holidays

-- name: drop_hours
-- A tenant's clocks run always.
delete from business_hours where tenant_id = $1
