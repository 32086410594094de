import type { PublishResult } from "../registry/event.js";
import { explainedStoring } from "./database-error.js";
import { type Executor, readRows } from "./executor.js";
import { SCHEMA_VERSION } from "./migrations.js";
import { type SchemaNames, statement } from "./schema-names.js";

const PUBLISH = statement(
  /* sql */ `select id::text as id, position, deliveries from :BUS.publish($1::jsonb, $2::integer)`,
);

const STORE = statement(/* sql */ `select from :BUS.publish($1::jsonb, $2::integer)`);

/**
 * The same as {@link publishEvents} where nobody asks for positions: the path of captured mutations.
 *
 * @param events their JSON, see {@link encodeTogether}.
 */
export async function storeEvents(executor: Executor, names: SchemaNames, events: string): Promise<void> {
  const values = [events, SCHEMA_VERSION];
  const { execute = executor.query.bind(executor) } = executor;
  await explainedStoring(names, execute(STORE(names), values));
}

interface PublishedRow {
  readonly id: string;
  readonly position: bigint | string;
  readonly deliveries: number;
}

/**
 * Stores events and enqueues their deliveries with one statement, in the transaction that `executor` is bound to.
 *
 * @param events each the JSON text of an event, see {@link encodeEvent}.
 */
export async function publishEvents(
  executor: Executor,
  names: SchemaNames,
  events: readonly string[],
): Promise<PublishResult> {
  if (events.length === 0) return { events: [], deliveries: 0 };
  const rows = await explainedStoring(
    names,
    readRows<PublishedRow>(executor, PUBLISH(names), [`[${events.join(",")}]`, SCHEMA_VERSION]),
  );
  return {
    events: rows.map((row) => ({ id: row.id, position: Number(row.position) })),
    deliveries: rows.reduce((sum, row) => sum + row.deliveries, 0),
  };
}
