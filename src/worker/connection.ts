import { once } from "node:events";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import pg from "pg";
import { OWN_TYPES, readTexts } from "./own-types.js";
import { settlesWithin } from "./settles-within.js";

/** The connections of one run of graphile-worker. */
export interface Connection {
  readonly pool: pg.Pool;
  /** Closes the pool, and cuts connections that do not close. Never fails. */
  close(): Promise<void>;
  /** Cuts every connection as soon as its statement has ended, and without waiting long for that. Never fails. */
  cut(): Promise<void>;
}

export interface ConnectionOptions {
  readonly url: string;
  /** The greatest number of connections. */
  readonly max: number;
  /** Shown by the server, as in pg_stat_activity. */
  readonly name: string;
  /** How long a statement may take in milliseconds, before the connection counts as broken. */
  readonly timeoutMs: number;
  /** True if each connection is its own session, which keeps settings and prepared statements. Defaults to false. */
  readonly isOwn?: boolean;
}

/**
 * A prepared statement is planned once, perhaps while the tables are empty, and the plan is kept when they have grown: it
 * must not scan whole tables. Every prepared statement here looks up rows by an index.
 *
 * A table without an index is scanned nevertheless. Up to version 17, PostgreSQL estimates such a plan to be so costly that it
 * would compile it at each call, which takes far longer than to run it.
 */
export const PLANS_ONCE =
  "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/** The only date style that pg can read. Poolers keep it separately for each of their clients. */
const READABLE = "set datestyle = 'ISO'";

/**
 * The first statement on every connection of the package. It limits the search path to pg_catalog. Otherwise a function that
 * another role has put into the search path, and that fits a call better than PostgreSQL's own, would run with the rights of this
 * role (CVE-2018-1058).
 *
 * A pooler later gives the session to other clients, which then would not find their tables. So nothing is set if the process that
 * runs the statement is not the one that accepted the connection.
 */
export function firstSettings(client: pg.ClientBase): string {
  const { processID } = client as unknown as { readonly processID: unknown };
  const isServedBy = `pg_catalog.pg_backend_pid() operator(pg_catalog.=) ${Number(processID) || 0}`;
  const settings = [
    "pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false)",
    // A few index lookups find everything in a large log, whatever PostgreSQL estimates.
    "pg_catalog.set_config('jit', 'off', false)",
  ];
  return `${READABLE}; select ${settings.join(", ")} where ${isServedBy}`;
}

/** A role or a database can have a stricter default, in which concurrent statements fail instead of waiting. */
const MEETS_OTHERS = "set default_transaction_isolation = 'read committed'";
/** Connections that listen, and unused connections of a pool, are idle. */
const MAY_IDLE = "set idle_session_timeout = 0";

/** Longer than a reachable server takes. */
const LONGEST_CONNECT_MS = 10_000;
/** How long connections have to close normally. */
const CLOSE_MS = 1_000;
/** How long running statements have to end when the connections are cut. */
const FINISH_MS = 100;

/**
 * Opens a pool that notices when the server does not answer any more: otherwise a statement would wait forever
 * on a socket whose other end is gone.
 */
export function openConnection({ url, max, name, timeoutMs, isOwn = false }: ConnectionOptions): Connection {
  const sockets = new Set<Socket>();
  const more = isOwn ? [MEETS_OTHERS, MAY_IDLE, PLANS_ONCE] : [];
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: name,
    connectionTimeoutMillis: Math.min(timeoutMs, LONGEST_CONNECT_MS),
    query_timeout: timeoutMs,
    keepAlive: true,
    types: OWN_TYPES,
    onConnect: async (client: pg.ClientBase) => {
      readTexts(client);
      await client.query([firstSettings(client), ...more].join("; "));
    },
    // The package creates the sockets, because pg cannot close a connection that does not answer.
    stream: () => {
      const socket = new Socket();
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      return socket;
    },
  });
  // Without these, an idle connection that breaks ends the process. One in use fails its statement.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    pool,
    async close() {
      await settlesWithin(CLOSE_MS, pool.ended ? Promise.resolve() : pool.end());
      cut();
    },
    async cut() {
      await idle(pool, performance.now() + FINISH_MS);
      cut();
      if (!pool.ended) pool.end().catch(() => undefined);
      await settlesWithin(FINISH_MS, Promise.all([...sockets].map((socket) => once(socket, "close"))));
    },
  };
}

/** Resolves once no statement but LISTEN runs, or at the deadline, because some connections are never returned. */
async function idle(pool: pg.Pool, deadline: number): Promise<void> {
  while (pool.totalCount - pool.idleCount > 1 && performance.now() < deadline) await sleep(5);
}
