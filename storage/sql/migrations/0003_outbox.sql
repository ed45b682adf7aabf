-- A restored database counts its transactions anew: the outbox has to go on behind what was restored.
create function outbox_shift() returns bigint language sql stable as 'select 0::bigint';
comment on function outbox_shift() is 'what is added to transaction ids in events.tx; set by `inlet migrate` after a restore';
alter table events alter column tx set default (pg_current_xact_id()::text::bigint + outbox_shift())::text::xid8;
