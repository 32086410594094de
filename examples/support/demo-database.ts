import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

import { config } from "dotenv";
import { startPostgres } from "ex-event-bus/testing/postgres";
import { Client, escapeIdentifier } from "pg";

import type { CleanUp } from "./run-demo.js";

/** A server that the demo may create a database on. */
export interface DemoServer {
  readonly url: string;
  readonly description: string;
}

/** The server of `DATABASE_URL` (environment or .env); without one, an embedded server that lives as long as the demo. */
export async function demoServer(cleanUp: CleanUp): Promise<DemoServer> {
  config({ quiet: true });
  const url = process.env["DATABASE_URL"];
  if (url) return { url, description: `the server of DATABASE_URL (${new URL(url).host})` };
  const starting = startPostgres();
  // Even a server that is still starting when the demo is interrupted.
  cleanUp(() =>
    starting.then(
      (server) => server.stop(),
      () => undefined,
    ),
  );
  const server = await starting;
  return { url: server.url, description: `an embedded server, port ${server.port}` };
}

/** Creates a database of the demo's own, which goes with the demo, and applies prisma/migrations to it. */
export async function createDemoDatabase(
  server: DemoServer,
  name: string,
  cleanUp: CleanUp,
): Promise<{ readonly url: string; readonly name: string }> {
  const database = `ex_event_bus_${name}_${randomUUID().slice(0, 8)}`;
  const creating = execute(server.url, `create database ${escapeIdentifier(database)}`).catch((cause) => {
    throw new Error(`No database can be created on ${server.description}`, { cause });
  });
  cleanUp(() =>
    creating.then(
      () => execute(server.url, `drop database ${escapeIdentifier(database)} with (force)`),
      () => undefined,
    ),
  );
  await creating;
  const url = new URL(server.url);
  url.pathname = `/${database}`;
  await execute(url.href, prismaMigrations());
  return { url: url.href, name: database };
}

/** An application runs `prisma migrate deploy` instead; its native engine would be a download here. */
function prismaMigrations(): string {
  const folder = new URL("../../prisma/migrations/", import.meta.url);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((migration) => readFileSync(new URL(`${migration}/migration.sql`, folder), "utf8"))
    .join("\n");
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
