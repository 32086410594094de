import { EventBusError } from "../errors.js";
import { IS_ALIVE } from "./alive-workers.js";
import type { PgQueryable } from "./executor.js";
import type { Migration } from "./migrations.js";
import { type SchemaNames, withSchemas } from "./schema-names.js";

const OLDER = /* sql */ `
select coalesce(nullif(w.name, ''), w.id) as name, w.host, w.pid, w.version
  from :BUS.workers w
 where w.schema_version < $1::integer and ${IS_ALIVE}
 order by w.host, w.pid, w.id`;

interface OlderWorker {
  readonly name: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
}

/**
 * Refuses steps that would break workers that run: those that know no version of the schema that works after them.
 *
 * @throws EventBusError `WORKERS_RUNNING`
 */
export async function refuseRunningWorkers(
  client: PgQueryable,
  names: SchemaNames,
  steps: readonly Migration[],
): Promise<void> {
  const needed = Math.max(...steps.map(({ compatibleWith }) => compatibleWith));
  const { rows } = await client.query(withSchemas(OLDER, names), [needed]);
  if (rows.length === 0) return;
  const workers = rows as readonly OlderWorker[];
  const list = workers.map(
    ({ name, host, pid, version }) => `"${name}" (process ${pid} on ${host}, ex-event-bus ${version})`,
  );
  throw new EventBusError(
    "WORKERS_RUNNING",
    `The event bus in schema "${names.schema}" was not brought up to date, and nothing was changed: workers run that ` +
      `would not work with it any more: ${list.join(", ")}. Stop them, or wait until those that have died are held for ` +
      "dead, and run it again: npx ex-event-bus migrate. With --force it goes ahead, and they fail until they are " +
      "restarted with this version.",
    { value: workers.map(({ name }) => name) },
  );
}
