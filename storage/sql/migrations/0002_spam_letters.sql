-- What is suppressed as spam is kept among the dead letters, and must not slow down the list of the others.
comment on column dead_letters.reason is 'spam: suppressed by its receipt, kept here so that it can be released';
drop index dead_letters_open;
create index dead_letters_open on dead_letters (at, message_id) where settled_at is null and reason <> 'spam';
create index dead_letters_spam on dead_letters (at, message_id) where settled_at is null and reason = 'spam';
