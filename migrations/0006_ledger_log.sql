-- The ledger's log: committed movements in a dense order, as an RFC 9162 Merkle tree with signed heads. docs/ledger-log.md.

-- One row: which log this is. Heads carry the id, so that one of another database is known as such.
create table ledger_log (
  one        boolean primary key default true check (one),
  id         uuid not null default gen_random_uuid(),
  -- When a sealer last held the newest outside head against the tree.
  checked_at timestamptz
);
insert into ledger_log default values;

-- Transaction numbers order movements within one database cluster only. A dump that is restored elsewhere begins a new
-- epoch: movements up to `id_up_to` belong to this one, those after it to the next.
create table ledger_log_epoch (
  epoch    int primary key check (epoch >= 1),
  cluster  text   not null,
  id_after bigint not null,
  id_up_to bigint
);

-- Which movements the leaves [first_leaf, first_leaf + movements) are: those of the epoch with (xact, id) above `after` and
-- up to `last`, in that order. A batch at the turn of an epoch names its movements instead.
create table ledger_log_batch (
  first_leaf    bigint primary key check (first_leaf >= 0),
  movements     int    not null check (movements >= 1),
  epoch         int    not null references ledger_log_epoch,
  after_xact    xid8   not null,
  after_id      bigint not null,
  last_xact     xid8   not null,
  last_id       bigint not null,
  named_ids     bigint[],
  ids           int8range not null,
  recorded_from timestamptz not null,
  recorded_to   timestamptz not null,
  sealed_at     timestamptz not null
);
create index ledger_log_batch_by_id on ledger_log_batch using gist (ids);
create trigger ledger_log_batch_is_insert_only before update or delete or truncate on ledger_log_batch
  for each statement execute function refuse_change();

-- Hashes by 256, as C2SP tlog-tiles has them: level 0 holds leaf hashes, level n + 1 the roots of full tiles of level n.
-- A tile only grows. Hashes do not compress.
create table ledger_log_tile (
  level  int    not null check (level between 0 and 7),
  tile   bigint not null check (tile >= 0),
  hashes bytea  not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
  primary key (level, tile)
);
alter table ledger_log_tile alter column hashes set storage external;
create function refuse_shorter_tile() returns trigger language plpgsql as $$
begin
  if substring(new.hashes for octet_length(old.hashes)) <> old.hashes or (new.level, new.tile) <> (old.level, old.tile) then
    raise exception 'ledger_log_tile only grows' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger ledger_log_tile_only_grows before update on ledger_log_tile
  for each row execute function refuse_shorter_tile();
create trigger ledger_log_tile_is_kept before delete or truncate on ledger_log_tile
  for each statement execute function refuse_change();

-- Signed tree heads. `note` is the signed text, byte for byte; the other columns repeat it for queries.
create table ledger_log_head (
  id         bigint generated always as identity primary key,
  size       bigint not null check (size >= 0),
  root       bytea  not null check (octet_length(root) = 32),
  note       text   not null,
  public_key text   not null,
  signed_at  timestamptz not null
);
create index ledger_log_head_by_size on ledger_log_head (size);
create trigger ledger_log_head_is_insert_only before update or delete or truncate on ledger_log_head
  for each statement execute function refuse_change();

-- A head kept outside that the tree does not continue. While one is not accepted, nothing is pushed.
create table ledger_log_rewind (
  id           bigint generated always as identity primary key,
  detected_at  timestamptz not null,
  reason       text   not null,
  outside_size bigint not null,
  outside_root bytea  not null,
  tree_size    bigint not null,
  accepted_at  timestamptz,
  accepted_by  text,
  check ((accepted_at is null) = (accepted_by is null))
);
create unique index ledger_log_rewind_open on ledger_log_rewind ((true)) where accepted_at is null;
