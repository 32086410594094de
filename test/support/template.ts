import { readdirSync, readFileSync } from "node:fs";

import { runMigrations } from "graphile-worker";
import { Client } from "pg";

import { installSchema } from "../../src/outbox/install-schema.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";

/** Creates in an empty database everything that a test database starts with. */
export async function prepareTemplate(url: string): Promise<void> {
  await withClient(url, applyPrismaMigrations);
  await runMigrations({ connectionString: url });
  await withClient(url, (client) => installSchema(client, DEFAULT_SCHEMA_NAMES));
}

/** Does what `prisma migrate deploy` does, without its native engine. */
async function applyPrismaMigrations(client: Client): Promise<void> {
  const folder = new URL("../../prisma/migrations/", import.meta.url);
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  for (const name of names) {
    await client.query(readFileSync(new URL(`${name}/migration.sql`, folder), "utf8"));
  }
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
