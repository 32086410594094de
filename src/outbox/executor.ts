import { invalidOption, type Place } from "../registry/check-options.js";

/** The type of a parameter. Other values are passed as JSON text. */
export type SqlValue = string | number | boolean | null | readonly string[] | readonly number[];

/** Runs single statements, in the transaction that it is bound to. The package needs nothing else of a database. */
export interface Executor {
  /** Type parsers of the application can change the values. So use it for texts only, or if the rows do not matter. */
  query<Row extends object>(
    sql: string,
    values?: readonly SqlValue[],
    /** A name under which a frequent statement may be prepared. */
    name?: string,
  ): Promise<readonly Row[]>;
  /** The same, but resolves with the number of rows only, which can be cheaper. */
  execute?(sql: string, values: readonly SqlValue[]): Promise<unknown>;
  /** True if the connection belongs to the package, and reads values as `pg` does by default. */
  readonly isOwn?: boolean;
}

/** Wraps a statement so that its rows are read as JSON: int8 as numbers, moments as texts (`momentOf`). */
const AS_JSON = (sql: string) =>
  `select pg_catalog.row_to_json(r)::pg_catalog.text as ex_event_bus_row from (${sql}) r`;

/**
 * Runs a query; functions that it calls may write. On the application's connections the rows come as JSON in a text, so that its
 * type parsers, and the time zone and date style of its sessions, do not matter. Prisma would also drop the offset of a moment.
 */
export async function readRows<Row extends object>(
  executor: Executor,
  sql: string,
  values?: readonly SqlValue[],
  name?: string,
): Promise<readonly Row[]> {
  if (executor.isOwn === true) return executor.query(sql, values, name);
  const rows = await executor.query<{ readonly ex_event_bus_row: string }>(AS_JSON(sql), values);
  return rows.map(({ ex_event_bus_row: row }) => JSON.parse(row) as Row);
}

/** A Prisma client, extended or not, or the client of an interactive transaction. */
export interface PrismaQueryable {
  // biome-ignore lint/suspicious/noExplicitAny: Prisma's own signature; `unknown[]` would not accept it
  $queryRawUnsafe<T = unknown>(query: string, ...values: any[]): PromiseLike<T>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  $executeRawUnsafe?(query: string, ...values: any[]): PromiseLike<number>;
}

/** A `pg` client or pool. */
export interface PgQueryable {
  // biome-ignore lint/suspicious/noExplicitAny: pg's own signature; `unknown[]` would not accept it
  query(text: string, values?: any[]): Promise<{ readonly rows: any[] }>;
}

/** Anything that the package can run a statement on. */
export type Queryable = PrismaQueryable | PgQueryable | Executor;

/** Whether a value can run statements. */
export function isQueryable(value: unknown): value is Queryable {
  const { $queryRawUnsafe, query } = Object(value) as Readonly<Record<string, unknown>>;
  return typeof $queryRawUnsafe === "function" || typeof query === "function";
}

/** @throws EventBusError `INVALID_OPTION` if the value cannot run statements. */
export function assertQueryable(client: unknown, place: Place): void {
  if (isQueryable(client)) return;
  const expected = "a Prisma client, the client of its transaction, or a pg client or pool";
  throw invalidOption("the client", client, expected, place);
}

const EXECUTOR = Symbol.for("ex-event-bus.executor");

/** An executor for `target`; inside of a transaction when `target` is that transaction's client. */
export function executorOf(target: Queryable): Executor {
  if (EXECUTOR in target) return target as Executor;
  // Asked first: an extended Prisma client may have a method `query` of its own.
  if ("$queryRawUnsafe" in target) {
    return branded(
      async (sql, values) => (await target.$queryRawUnsafe(sql, ...values)) as never,
      target.$executeRawUnsafe && (async (sql, values) => target.$executeRawUnsafe?.(sql, ...values)),
    );
  }
  const pg = target as PgQueryable;
  return branded(async (sql, values) => {
    const answer = (await pg.query(sql, [...values])) as
      | { readonly rows: readonly object[] }
      | readonly object[];
    // An executor of somebody's own gives the rows alone.
    return "rows" in answer ? answer.rows : answer;
  });
}

/** What runs a statement that has a name as a prepared one. */
export interface Preparing {
  query(statement: {
    readonly name: string | undefined;
    readonly text: string;
    readonly values: unknown[];
  }): Promise<{ readonly rows: readonly object[] }>;
}

/**
 * An executor for a `pg` pool of our own.
 *
 * @param keeps whether its connections keep what was prepared on them.
 */
export function ownExecutor(pool: Preparing, keeps: boolean): Executor {
  const run: Parameters<typeof branded>[0] = async (text, values, name) => {
    const prepared = name === undefined || !keeps ? undefined : `ex-event-bus/${name}`;
    return (await pool.query({ name: prepared, text, values: [...values] })).rows;
  };
  return branded(run, undefined, true);
}

/**
 * Marks a function that runs statements as an executor.
 *
 * @param isOwn whether on a connection of our own.
 */
export function branded(
  run: (sql: string, values: readonly SqlValue[], name?: string) => Promise<readonly object[]>,
  execute?: (sql: string, values: readonly SqlValue[]) => Promise<unknown>,
  isOwn = false,
): Executor {
  const executor: Executor = {
    query: (sql, values = [], name) => run(sql, values, name) as never,
    ...(execute === undefined ? {} : { execute }),
    isOwn,
  };
  return Object.assign(executor, { [EXECUTOR]: true });
}
