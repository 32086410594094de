import { runMigrations } from "graphile-worker";
import type { Pool } from "pg";

import { EventBusError, isEventBusError } from "../../errors.js";
import { type Logger, SILENT } from "../../log/logger.js";
import { messageOf } from "../is-fatal.js";
import { quietLogger } from "./quiet-logger.js";

interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
}

function ignore(): void {}

/** Installs graphile-worker's schema, or brings it up to date. */
export async function migrateGraphile(pool: Pool, workerSchema: string, log: Logger): Promise<void> {
  await runMigrations({ pgPool: pool, schema: workerSchema, logger: quietLogger(log) });
}

/**
 * The statements by which graphile-worker installs its schema in an empty database, as a script. graphile-worker does not export
 * them. So it migrates a pool that pretends to be an empty database, which records them.
 */
export async function graphileScript(workerSchema: string): Promise<string> {
  const statements: string[] = [];
  const pool = {
    listeners: () => [ignore],
    options: { max: 10 },
    connect: async () => ({ query, release: ignore }),
  };
  const query = async (statement: string | Statement, values?: readonly unknown[]) => {
    const { text, values: own } = typeof statement === "string" ? { text: statement, values } : statement;
    if (text.includes("server_version_num")) {
      // The answer of a database without graphile-worker.
      if (text.includes("migrations")) throw Object.assign(new Error("undefined table"), { code: "42P01" });
      return { rows: [{ server_version_num: "140000" }] };
    }
    // Notifications are for running workers, and an empty database has none.
    if (!/^\w+ pg_notify\(/.test(text))
      statements.push(
        `${inline(text, own ?? [])
          .trim()
          .replace(/;$/, "")};`,
      );
    return { rows: [] };
  };
  await migrateGraphile(pool as unknown as Pool, workerSchema, SILENT);
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

/** Turns an error of starting graphile-worker into `SCHEMA_TOO_NEW` if its schema is newer than it supports. */
export function explainStart(error: unknown): unknown {
  const message = messageOf(error);
  if (isEventBusError(error) || !message.includes("unsafe to continue")) return error;
  return new EventBusError("SCHEMA_TOO_NEW", `${message} Upgrade graphile-worker.`, { cause: error });
}
