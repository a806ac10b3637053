-- The activity log: who asked for which write, and how it ended. Read newest first, kept for some time.

create table goldsmith.activity (
  sequence bigint generated always as identity primary key,
  id text collate "C" not null,
  time text collate "C" not null,
  subscription_key text collate "C",
  group_key text collate "C",
  resource_key text collate "C" not null,
  namespace_key text collate "C" not null,
  correlation_id text collate "C" not null,
  caller_key text collate "C" not null,
  entry text not null
);
create index activity_of_subscription on goldsmith.activity (subscription_key, sequence);
create index activity_by_time on goldsmith.activity (time);
