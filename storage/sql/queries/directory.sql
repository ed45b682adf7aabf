-- name: all_tenants
-- Tenants with their rules, SLA targets and business hours.
select
    t.id, t.slug, t.name, t.time_zone, t.languages, t.settings,
    coalesce((
        select jsonb_agg(r.rule order by r.updated_at, r.id) from rules r where r.tenant_id = t.id and r.active
    ), '[]') as rules,
    coalesce((
        select jsonb_object_agg(s.priority, jsonb_build_object(
            'first_response_minutes', s.first_response_minutes, 'resolution_minutes', s.resolution_minutes
        ))
        from sla_policies s where s.tenant_id = t.id
    ), '{}') as sla,
    (
        select jsonb_build_object('time_zone', h.time_zone, 'week', h.week, 'holidays', h.holidays)
        from business_hours h where h.tenant_id = t.id
    ) as hours
from tenants t

-- name: all_slugs
-- Every slug that a tenant has or had.
select slug, tenant_id from slugs

-- name: all_addresses
-- Addresses that belong to tenants.
select address, tenant_id as tenant, kind, name, category, priority, type, tags from addresses

-- name: all_proven_domains
-- Domains that route.
select domain, tenant_id as tenant, catch_all from domains where proven_at is not null
