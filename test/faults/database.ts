import { readdirSync, readFileSync } from "node:fs";
import pg from "pg";

import { type PostgresServer, startPostgres } from "../../src/testing/postgres.js";
import { migrate } from "../../src/worker/migrate.js";
import { openApplication } from "./application.js";
import { COUNTERS, openSubscribers } from "./subscribers.js";

/** A server of the run's own, which is restarted, and the database in it. */
export interface FaultDatabase {
  readonly server: PostgresServer;
  /** As the application and the workers connect: not as a superuser. */
  readonly url: string;
  /** As an administrator, on a server that may be away: repeated until it answers. */
  admin<Row extends object>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  stop(): Promise<void>;
}

const TABLES = `
create table seen (position bigint not null, subscriber text not null, worker text not null,
                   at timestamptz not null default clock_timestamp());
create table effects (position bigint not null, at timestamptz not null default clock_timestamp());
create table counters (id integer primary key, n bigint not null default 0);
insert into counters select id from generate_series(0, ${COUNTERS - 1}) id;
insert into "Product" (sku, title, price) select 'p' || id, 'p' || id, 1 from generate_series(1, 5) id;
`;

/** Few enough to be used up. */
export const MAX_CONNECTIONS = 100;

export async function openDatabase(): Promise<FaultDatabase> {
  const server = await startPostgres({ settings: { max_connections: String(MAX_CONNECTIONS) } });
  const root = new pg.Client({ connectionString: server.url });
  await root.connect();
  await root.query("create role app login password 'app'");
  await root.query("create database faults owner app");
  await root.end();
  const url = urlOf(server, "app", "app");
  const app = new pg.Client({ connectionString: url });
  await app.connect();
  const folder = new URL("../../prisma/migrations/", import.meta.url);
  for (const entry of readdirSync(folder, { withFileTypes: true }).filter((found) => found.isDirectory())) {
    await app.query(readFileSync(new URL(`${entry.name}/migration.sql`, folder), "utf8"));
  }
  await app.query(TABLES);
  await app.end();
  const prisma = openApplication(url, 1);
  await migrate({ prisma, subscribers: openSubscribers(url, ""), database: { url } });
  await prisma.$disconnect();
  const superuser = new URL(server.url);
  const adminUrl = urlOf(server, superuser.username, superuser.password);
  return {
    server,
    url,
    admin: (sql, values) => repeat(adminUrl, sql, values),
    stop: () => server.stop(),
  };
}

function urlOf(server: PostgresServer, user: string, password: string): string {
  const url = new URL(server.databaseUrl("faults"));
  url.username = user;
  url.password = password;
  return url.href;
}

async function repeat<Row extends object>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Row[]> {
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => undefined);
    try {
      await client.connect();
      // Its own statements are never refused.
      await client.query("set default_transaction_read_only = off");
      const { rows } = await client.query(sql, [...values]);
      return rows;
    } catch (error) {
      const { code } = error as { readonly code?: string };
      if (code !== undefined && !/^(08|53|57|E)/.test(code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
