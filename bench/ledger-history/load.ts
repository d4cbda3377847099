import type pg from "pg";

/** The journal's indexes, taken down while it is filled and built again as they were. */
const indexes = async (client: pg.Client): Promise<readonly { readonly drop: string; readonly make: string }[]> => {
  const constraints = await client.query<{ name: string; definition: string }>(
    "select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = 'movement'::regclass and contype = 'u'",
  );
  const plain = await client.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
       from pg_index i left join pg_constraint c on c.conindid = i.indexrelid
      where i.indrelid = 'movement'::regclass and c.oid is null`,
  );
  return [
    ...constraints.rows.map(({ name, definition }) => ({
      drop: `alter table movement drop constraint ${name}`,
      make: `alter table movement add constraint ${name} ${definition}`,
    })),
    ...plain.rows.map(({ name, definition }) => ({
      drop: `drop index ${name}`,
      make: definition.replace(" ON ONLY ", " ON "),
    })),
  ];
};

export const skusCount = 10_000;
export const monthsCount = 24;

/** Two years up to now: the hottest SKU has about 4.6 % of all movements. */
const makeEvents = (movements: number): readonly string[] => [
  "select setseed(0.42)",
  `create unlogged table event as
   with moments as (
     select n, power(random(), 3) as heat, random() as place, random() as late, random() as how,
            date_trunc('milliseconds', now() - random() * interval '${monthsCount * 30 - 1} days') as at
       from generate_series(1, ${Math.round(movements * 0.8)}) n
   ), shaped as (
     select n, 'sku-' || floor(heat * ${skusCount})::int as sku, case when place < 0.8 then 'main' else 'shop' end as location_id, at,
            -- Nine of ten within seconds, some by minutes, a few by hours to a month; clocks that are ahead make some early.
            date_trunc('milliseconds', at - case when late < 0.05 then interval '-3 s' * how when late < 0.9 then interval '4 s' * how
              when late < 0.98 then interval '30 min' * how when late < 0.995 then interval '1 day' * how
              else interval '30 days' * how end) as occurred_at,
            case when n % 4 = 0 then 'reservation' when n % 4 = 1 and n % 3 = 0 then 'receipt' else 'order' end as kind,
            -- One in two hundred reservations waits for weeks.
            date_trunc('milliseconds', at + interval '1 ms' + case when how < 0.995 then interval '15 min' else interval '20 days' end * place)
              as closed_at
       from moments
   )
   select n, 0 as part, sku, location_id, kind, at as recorded_at, occurred_at,
          case kind when 'receipt' then 4 when 'order' then -1 else 0 end as d_on_hand,
          case kind when 'reservation' then 1 else 0 end as d_reserved
     from shaped
   union all
   select n, 1, sku, location_id, kind, closed_at, closed_at, -1, -1
     from shaped where kind = 'reservation' and closed_at < now()`,
  "insert into location (id, name) values ('main', 'Main'), ('shop', 'Shop')",
  "create unlogged table summed as select sku, location_id, sum(d_on_hand) oh, sum(d_reserved) rs, count(*) n, max(recorded_at) last from event group by 1, 2",
  "insert into stock_level select sku, location_id, oh, rs, 0, n, last from summed",
  `insert into reservation (id, state, actor, expires_at, created_at, updated_at)
   select 'r' || n, case when count(*) = 2 then 'committed' else 'held' end, 'bench', min(recorded_at) + interval '30 days',
          min(recorded_at), max(recorded_at)
     from event where kind = 'reservation' group by n`,
  `insert into reservation_line select 'r' || n, 0, sku, location_id, 1, 1, count(*) - 1, 0
     from event where kind = 'reservation' group by n, sku, location_id`,
];

const insertMovements = `
  insert into movement (command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after,
                        reserved_after, incoming_after, level_version, cause_type, cause_id, actor, occurred_at, recorded_at)
  select 'bench:' || n || ':' || part, 0, kind, sku, location_id, d_on_hand, d_reserved, 0, sum(d_on_hand) over w,
         sum(d_reserved) over w, 0, row_number() over w, kind, case kind when 'reservation' then 'r' || n else 'c' || n end,
         'bench', occurred_at, recorded_at
    from event
  window w as (partition by sku, location_id order by recorded_at, n, part)`;

const insertListings = (observations: number): readonly string[] => [
  `insert into account (id, channel, state, state_since, created_at)
   select name, name, 'live', now(), now() from unnest(array['amazon', 'ebay', 'shopify']) name`,
  `insert into listing (account_id, ref, channel_sku, fulfilled_by, status, first_seen_at, last_seen_at)
   select a.id, 'ref-' || n, 'sku-' || n, 'merchant', 'active', now(), now() from account a, generate_series(0, ${skusCount - 1}) n`,
  "insert into listing_link select id, channel_sku, 1, 'bench', now() from listing",
  `insert into observation (listing_id, units, read_how, observed_at)
   select 1 + floor(power(random(), 3) * ${3 * skusCount})::int, floor(random() * 50), 'read-back',
          now() - random() * interval '${monthsCount * 30} days'
     from generate_series(1, ${observations})`,
];

/** Fills the journal and all that the past is asked of. Balances are exact; keys and order lines are left out. */
export const load = async (client: pg.Client, movements: number, tell: (line: string) => void): Promise<number> => {
  const startMs = performance.now();
  const run = async (what: string, statements: readonly string[]): Promise<void> => {
    const fromMs = performance.now();
    for (const statement of statements) await client.query(statement);
    tell(`${what}: ${((performance.now() - fromMs) / 1_000).toFixed(1)} s`);
  };
  await run("months", [
    "set work_mem = '512MB'; set maintenance_work_mem = '512MB'; set synchronous_commit = off",
    `select make_movement_month(now() - make_interval(months => n)) from generate_series(0, ${monthsCount}) n`,
  ]);
  const taken = await indexes(client);
  await run(
    "indexes down",
    taken.map((one) => one.drop),
  );
  await run("events, levels, reservations", makeEvents(movements));
  await run("movements", [insertMovements]);
  await run(
    "indexes up",
    taken.map((one) => one.make),
  );
  await run("listings and observations", insertListings(Math.round(movements / 10)));
  await run("analyze", ["drop table event, summed", "vacuum analyze"]);
  return (performance.now() - startMs) / 1_000;
};
