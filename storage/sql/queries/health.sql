-- name: server_settings
-- What of the server's set-up matters to us.
select
    current_setting('server_version_num')::int as version,
    current_setting('server_version') as version_text,
    current_setting('max_locks_per_transaction')::int as locks,
    current_setting('max_connections')::int as connections,
    current_setting('fsync') = 'on' as fsync,
    current_setting('synchronous_commit') <> 'off' as synchronous,
    current_setting('server_encoding') as encoding

-- name: secrets_at_rest
-- All secrets of accounts, sealed.
select account_id, sealed from secrets

-- name: unproven_domains
-- Domains that were claimed and route nothing yet.
select domain from domains where proven_at is null order by domain
