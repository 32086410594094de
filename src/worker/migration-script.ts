import { runMigrations } from "graphile-worker";
import type { Pool } from "pg";

import { schemaScript } from "../outbox/install-schema.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { tuneScript } from "../outbox/tune-worker-tables.js";
import { graphileLogger } from "./graphile-logger.js";

interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}

/**
 * Everything that `migrate` does in an empty database, as one script: graphile-worker's schema and our own. For those
 * who review or apply SQL by other means; workers add the subscriptions when they start.
 */
export async function migrationScript(names: SchemaNames): Promise<string> {
  return `-- graphile-worker\n${await graphileScript(names)}\n\n-- ex-event-bus\n${schemaScript(names)}${tuneScript(names)}`;
}

/** graphile-worker keeps its statements to itself: they are written down while it migrates a database that is not there. */
async function graphileScript(names: SchemaNames): Promise<string> {
  const statements: string[] = [];
  const pool = {
    listeners: () => [ignore],
    options: { max: 10 },
    connect: async () => ({ query, release: ignore }),
  };
  const query = async (statement: string | Statement, values?: readonly unknown[]) => {
    const { text, values: own } = typeof statement === "string" ? { text: statement, values } : statement;
    if (text.includes("server_version_num")) {
      // As a database says in which it is not installed.
      if (text.includes("migrations")) throw Object.assign(new Error("undefined table"), { code: "42P01" });
      return { rows: [{ server_version_num: "140000" }] };
    }
    // For workers that run meanwhile; in an empty database there are none.
    if (!/^\w+ pg_notify\(/.test(text))
      statements.push(
        `${inline(text, own ?? [])
          .trim()
          .replace(/;$/, "")};`,
      );
    return { rows: [] };
  };
  await runMigrations({
    pgPool: pool as unknown as Pool,
    schema: names.workerSchema,
    logger: graphileLogger(SILENT),
  });
  return statements.join("\n");
}

function inline(text: string, values: readonly unknown[]): string {
  return values.reduceRight<string>(
    (sql, value, index) => sql.replaceAll(`$${index + 1}`, () => literal(value)),
    text,
  );
}

function literal(value: unknown): string {
  if (Array.isArray(value)) return `array[${value.map(literal).join(", ")}]`;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return `'${String(value).replaceAll("'", "''")}'`;
}
