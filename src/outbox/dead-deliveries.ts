import { explained } from "./database-error.js";
import {
  type DeliveryConditions,
  type DeliveryCursor,
  keysSql,
  keyValues,
  type Way,
  wayTo,
} from "./delivery-filter.js";
import { type Executor, readRows } from "./executor.js";
import { type SchemaNames, statement } from "./schema-names.js";

/** The result of one batch. */
export interface Batch {
  /** How many fitted the filter. If fewer than the limit, these were the last ones. */
  readonly found: number;
  /** How many were changed. */
  readonly moved: number;
  /** The last one of those that fitted. */
  readonly last: DeliveryCursor | undefined;
}

function byWay(sql: (keys: string) => string): (way: Way) => (names: SchemaNames) => string {
  const statements = new Map<Way, (names: SchemaNames) => string>();
  return (way) => {
    const known = statements.get(way) ?? statement(sql(keysSql(way, "asc")));
    statements.set(way, known);
    return known;
  };
}

const batchOf = (move: string) =>
  byWay(
    (keys) => /* sql */ `
with chosen as materialized (${keys}), list as (
  select pg_catalog.array_agg(position order by position, id) as positions, pg_catalog.array_agg(id order by position, id) as ids,
         pg_catalog.count(*)::integer as found
    from chosen
), moved as (select pg_catalog.count(*)::integer as count from list, ${move})
select list.found, moved.count as moved, list.positions[list.found] as position, list.ids[list.found] as id
  from list, moved`,
  );
const REDRIVE = batchOf(":BUS.reopen(list.positions, list.ids, 'dead')");
const DISCARD = batchOf(":BUS.discard(list.positions, list.ids, $5::text[], $14::text)");
const COUNT = byWay((keys) => /* sql */ `select pg_catalog.count(*)::float8 as count from (${keys}) c`);

interface Row {
  readonly found: number;
  readonly moved: number;
  readonly position: bigint | string | null;
  readonly id: number | null;
}

/** How many deliveries fit the filter. */
export async function countMatching(
  executor: Executor,
  names: SchemaNames,
  filter: DeliveryConditions,
): Promise<number> {
  const sql = COUNT(wayTo(filter))(names);
  const [row] = await explained(
    names,
    readRows<{ count: number }>(executor, sql, keyValues(filter, undefined)),
  );
  return row?.count ?? 0;
}

/** Redrives dead deliveries: at most `limit` of those after `after`. */
export function redriveSome(
  executor: Executor,
  names: SchemaNames,
  filter: DeliveryConditions,
  limit: number,
  after?: DeliveryCursor,
): Promise<Batch> {
  const dead = { ...filter, state: "dead" } as const;
  return moveSome(executor, names, REDRIVE(wayTo(dead)), keyValues(dead, limit, after));
}

/** Cancels deliveries: at most `limit` of those after `after`. */
export function discardSome(
  executor: Executor,
  names: SchemaNames,
  filter: DeliveryConditions & Required<Pick<DeliveryConditions, "state">>,
  reason: string,
  limit: number,
  after?: DeliveryCursor,
): Promise<Batch> {
  const values = [...keyValues(filter, limit, after), reason];
  return moveSome(executor, names, DISCARD(wayTo(filter)), values);
}

async function moveSome(
  executor: Executor,
  names: SchemaNames,
  sql: (names: SchemaNames) => string,
  values: ReturnType<typeof keyValues>,
): Promise<Batch> {
  const [row] = await explained(names, readRows<Row>(executor, sql(names), values));
  if (row === undefined || row.position === null || row.id === null)
    return { found: 0, moved: 0, last: undefined };
  const last = { position: Number(row.position), subscriptionId: row.id };
  return { found: row.found, moved: row.moved, last };
}
