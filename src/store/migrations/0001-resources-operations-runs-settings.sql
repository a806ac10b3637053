-- JSON is kept as text: a client may send what jsonb refuses (the character U+0000, half of a surrogate pair),
-- and gets its properties back in the order in which they came. Keys ("…_key") are lower-cased and sort by bytes,
-- so that a page goes on where the last one ended whatever the locale of the database is.

create table goldsmith.resources (
  key text collate "C" primary key,
  id text not null,
  type text not null,
  type_key text collate "C" not null,
  name text not null,
  subscription_id text not null,
  subscription_key text collate "C" not null,
  resource_group text,
  group_key text collate "C",
  location text,
  tags text not null,
  -- For each tag `["name"]` and `["name","value"]`, the name in lower case, as JSON.
  tag_words text[] not null,
  body text not null,
  secret text,
  etag text not null,
  created_at text not null,
  created_by text not null,
  created_by_type text not null,
  changed_at text not null,
  changed_by text not null,
  changed_by_type text not null
);
create index resources_of_subscription on goldsmith.resources (subscription_key, key);
create index resources_of_type on goldsmith.resources (type_key, subscription_key, key);
create index resources_of_group on goldsmith.resources (subscription_key, group_key, key);
create index resources_of_group_and_type on goldsmith.resources (subscription_key, group_key, type_key, key);

create table goldsmith.operations (
  id text collate "C" primary key,
  subscription_id text not null,
  namespace text not null,
  location text not null,
  resource_id text not null,
  resource_key text collate "C" not null,
  kind text not null,
  status text not null,
  start_time text not null,
  end_time text,
  percent_complete double precision,
  error text,
  result text
);
create index operations_pending on goldsmith.operations (resource_key) where status = 'InProgress';

create table goldsmith.runs (
  id text collate "C" primary key,
  sequence bigint generated always as identity,
  template_id text not null,
  template_key text collate "C" not null,
  operation_id text not null,
  state text not null,
  sub_state text not null,
  requested_at text not null,
  started_at text,
  ended_at text,
  message text not null,
  cancel_requested boolean not null,
  epoch integer not null,
  worker text,
  lease_until text,
  needs text not null,
  record text,
  input text not null
);
create index runs_of_template on goldsmith.runs (template_key, sequence);
create index runs_in_order on goldsmith.runs (sequence);
create index runs_unfinished on goldsmith.runs (sequence) where state in ('Running', 'Canceling');

create table goldsmith.settings (
  key text collate "C" primary key,
  value text not null
);

-- Tell other processes which row changed, when the change commits.

create function goldsmith.notify_key() returns trigger language plpgsql as $$
begin
  perform pg_notify('goldsmith_' || tg_table_name, case when tg_op = 'DELETE' then old.key else new.key end);
  return null;
end
$$;

create function goldsmith.notify_id() returns trigger language plpgsql as $$
begin
  perform pg_notify('goldsmith_' || tg_table_name, case when tg_op = 'DELETE' then old.id else new.id end);
  return null;
end
$$;

create trigger resources_changed after insert or update or delete on goldsmith.resources
  for each row execute function goldsmith.notify_key();
create trigger operations_changed after insert or update or delete on goldsmith.operations
  for each row execute function goldsmith.notify_id();
create trigger runs_changed after insert or update or delete on goldsmith.runs
  for each row execute function goldsmith.notify_id();
