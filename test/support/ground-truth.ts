import type { Pool } from "pg";

import { isDecimal } from "../../src/codec/decimal.js";
import type { Model, Models, ScalarField } from "../../src/models/model.js";
import { type RuntimeDataModel, readModels } from "../../src/models/read-models.js";
import type { StoredEvent } from "../../src/registry/event.js";

type Row = Readonly<Record<string, unknown>>;

/** What became of a row of a model, in words that events and triggers share. */
export interface Change {
  readonly model: string;
  /** The transaction that made it. */
  readonly xid: string;
  readonly operation: "create" | "update" | "delete";
  /** Null for a row that was created. */
  readonly before: Row | null;
  /** Null for a row that was deleted. */
  readonly after: Row | null;
}

interface Logged {
  readonly xid: string;
  readonly table: string;
  readonly before: Row | null;
  readonly after: Row | null;
}

/** Records every change of every table by triggers, so that captured events can be compared with what happened. */
export class GroundTruth {
  readonly #pool: Pool;
  readonly #models: ReadonlyMap<string, Model>;

  private constructor(pool: Pool, models: Models) {
    this.#pool = pool;
    this.#models = new Map(Array.from(models.values(), (model) => [model.table, model]));
  }

  /** Puts a trigger on every table of the schema `public`. */
  static async install(pool: Pool, models: Models): Promise<GroundTruth> {
    await pool.query(`
      create schema truth;
      create table truth.log (number bigserial primary key, xid text, "table" text, before jsonb, after jsonb);
      create function truth.note() returns trigger language plpgsql as $$ begin
        insert into truth.log (xid, "table", before, after)
        values (pg_current_xact_id()::text, tg_table_name, to_jsonb(old), to_jsonb(new));
        return null;
      end $$;
      do $$ declare name text; begin
        for name in select quote_ident(tablename) from pg_tables where schemaname = 'public' loop
          execute format('create trigger truth after insert or update or delete on public.%s
                            for each row execute function truth.note()', name);
        end loop;
      end $$`);
    return new GroundTruth(pool, models);
  }

  async clear(): Promise<void> {
    await this.#pool.query("delete from truth.log");
  }

  /** What happened to the rows of models; what one transaction did to one row counts as one change. */
  async changes(): Promise<readonly Change[]> {
    const { rows } = await this.#pool.query<Logged>(
      'select xid, "table", before, after from truth.log order by number',
    );
    const histories = new Map<string, Change>();
    rows.forEach(({ xid, table, before, after }) => {
      const model = this.#models.get(table);
      if (model !== undefined) {
        follow(histories, model, xid, readRow(model, before), readRow(model, after));
      }
    });
    return relevant(histories.values(), this.#models);
  }

  /**
   * Where events, by position, do not fit the state that the one before left, and where the last state is not the row
   * in the table. Times of `@updatedAt` are left out. Rows from before the first event count as found.
   */
  async brokenChains(events: readonly StoredEvent[]): Promise<readonly string[]> {
    const byName = new Map(Array.from(this.#models.values(), (model) => [model.name, model]));
    const states = new Map<string, string>();
    const broken: string[] = [];
    for (const event of events) {
      const model = byName.get(event.aggregateType ?? "");
      if (model === undefined) continue;
      const { before, after } = statesOf(model, event);
      const known = before === null ? undefined : states.get(keyOf(model, before));
      if (before !== null && known !== undefined && known !== textOf(model, before))
        broken.push(`${event.name} at ${event.position}: found ${textOf(model, before)}, not ${known}`);
      if (before === null && after !== null && (states.get(keyOf(model, after)) ?? GONE) !== GONE)
        broken.push(`${event.name} at ${event.position}: the row was there`);
      if (before !== null) states.set(keyOf(model, before), GONE);
      if (after !== null) states.set(keyOf(model, after), textOf(model, after));
    }
    return [...broken, ...(await this.#unlikeTables(states))];
  }

  async #unlikeTables(states: ReadonlyMap<string, string>): Promise<readonly string[]> {
    const rows = new Map<string, string>();
    for (const model of this.#models.values()) {
      const answer = await this.#pool.query<{ row: Row }>(
        `select to_jsonb(t) as row from "${model.table}" t`,
      );
      for (const { row } of answer.rows) {
        const read = readRow(model, row);
        if (read !== null) rows.set(keyOf(model, read), textOf(model, read));
      }
    }
    const broken: string[] = [];
    for (const [key, state] of states) {
      const row = rows.get(key) ?? GONE;
      if (row !== state) broken.push(`at last: ${key} is ${row}, not ${state}`);
    }
    return broken;
  }

  /** The changes that events tell of. */
  async told(events: readonly (StoredEvent & { readonly xid?: string })[]): Promise<readonly Change[]> {
    const byName = new Map(Array.from(this.#models.values(), (model) => [model.name, model]));
    const { rows } = await this.#pool.query<{ id: string; xid: string }>(
      "select id::text, xid::text from event_bus.events",
    );
    const xids = new Map(rows.map(({ id, xid }) => [id, xid]));
    const histories = new Map<string, Change>();
    for (const event of events) {
      const model = byName.get(event.aggregateType ?? "");
      if (model === undefined) continue;
      const { before, after } = statesOf(model, event);
      follow(histories, model, xids.get(event.id) ?? "", before, after);
    }
    return relevant(histories.values(), this.#models);
  }
}

/** The models of a client. */
export function modelsOf(client: object): Models {
  const { _runtimeDataModel, _engineConfig } = client as {
    readonly _runtimeDataModel: RuntimeDataModel;
    readonly _engineConfig: { readonly inlineSchema: string };
  };
  return readModels(_runtimeDataModel, _engineConfig.inlineSchema);
}

/** The row before and after an event, from what it says. */
export function statesOf(model: Model, event: StoredEvent): { before: Row | null; after: Row | null } {
  const aggregate = readValues(model, event.aggregate as Row);
  if (event.operation === "create") return { before: null, after: aggregate };
  if (event.operation === "delete") return { before: aggregate, after: null };
  const initial = event.initialData as Row;
  const old = Object.fromEntries(Object.entries(initial).filter(([name]) => model.scalars.has(name)));
  return { before: { ...aggregate, ...readValues(model, old) }, after: aggregate };
}

const GONE = "gone";

function keyOf(model: Model, row: Row): string {
  return JSON.stringify([model.name, (model.identity?.fields ?? []).map((field) => row[field])]);
}

function textOf(model: Model, row: Row): string {
  const fields = Array.from(model.scalars.values()).filter(({ isUpdatedAt }) => !isUpdatedAt);
  return JSON.stringify(fields.map(({ name }) => row[name] ?? null));
}

function follow(
  histories: Map<string, Change>,
  model: Model,
  xid: string,
  before: Row | null,
  after: Row | null,
): void {
  const keyIn = (row: Row) => `${xid} ${keyOf(model, row)}`;
  const known = before === null ? undefined : histories.get(keyIn(before));
  if (before !== null) histories.delete(keyIn(before));
  const first = known === undefined ? before : known.before;
  // A row that is deleted and inserted again in one transaction has changed.
  const gone = after === null ? undefined : histories.get(keyIn(after));
  const start = first ?? gone?.before ?? null;
  const row = after ?? before;
  if (row === null) return;
  if (start === null && after === null) return;
  const operation = start === null ? "create" : after === null ? "delete" : "update";
  histories.set(keyIn(row), { model: model.name, xid, operation, before: start, after });
}

function relevant(changes: Iterable<Change>, models: ReadonlyMap<string, Model>): readonly Change[] {
  const byName = new Map(Array.from(models.values(), (model) => [model.name, model]));
  return Array.from(changes)
    .filter(({ model, operation, before, after }) => {
      if (operation !== "update") return true;
      const fields = Array.from(byName.get(model)?.scalars.values() ?? []);
      return fields.some(
        ({ name, isUpdatedAt }) =>
          !isUpdatedAt && JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]),
      );
    })
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** A row of `to_jsonb`, by the names of fields. */
function readRow(model: Model, row: Row | null): Row | null {
  if (row === null) return null;
  return readValues(
    model,
    Object.fromEntries(Array.from(model.scalars.values(), ({ name, column }) => [name, row[column]])),
  );
}

function readValues(model: Model, row: Row): Row {
  const values: Record<string, unknown> = {};
  for (const field of model.scalars.values()) {
    if (Object.hasOwn(row, field.name)) values[field.name] = comparable(field, row[field.name]);
  }
  return values;
}

function comparable(field: ScalarField, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(field, item));
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.getTime();
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "object" && isDecimal(value)) return Number(value.toFixed());
  if (field.enumNames !== undefined) return field.enumNames.get(String(value)) ?? value;
  if (field.type === "Json") return asJson(value);
  if (field.type === "DateTime" && typeof value === "string")
    return new Date(/[zZ]|[+-]\d\d(:?\d\d)?$/.test(value) ? value : `${value}Z`).getTime();
  return value;
}

/** A value as it is, not as it is stored in an event. */
function asJson(value: unknown): unknown {
  const { $type, value: text } = value as { readonly $type?: unknown; readonly value?: unknown };
  return $type === "Json" && typeof text === "string" ? JSON.parse(text) : value;
}
