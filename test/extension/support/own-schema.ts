import { PrismaPg } from "@prisma/adapter-pg";
import type { Pool } from "pg";
import { afterAll } from "vitest";
import { eventBus, eventsFor } from "../../../src/index.js";
import type { Models } from "../../../src/models/model.js";
import { testDatabase } from "../../support/database.js";
import { GroundTruth, modelsOf } from "../../support/ground-truth.js";
import { generateClient } from "../../support/schema-client.js";
import { sqlOf } from "../../support/schema-sql.js";
import { closeLater } from "./clients.js";
import { Ledger } from "./ledger.js";

/** A delegate of a model that no type knows. */
export type AnyDelegate = Readonly<
  Record<
    string,
    (args?: object) => PromiseLike<unknown> & Record<string, (args?: object) => PromiseLike<unknown>>
  >
>;

/** A client of models that no type knows. */
export type AnyClient = Readonly<Record<string, AnyDelegate>> & {
  $extends(extension: unknown): AnyClient;
  $transaction(input: unknown, options?: object): Promise<unknown>;
  $disconnect(): Promise<void>;
};

/** A database with the tables of a schema of a test's own, and clients of it. */
export interface OwnDatabase {
  readonly url: string;
  readonly pool: Pool;
  readonly ledger: Ledger;
  readonly truth: GroundTruth;
  /** A client without the extension. Disconnected after the test file. */
  open(options?: object): AnyClient;
}

/** A client of a schema of a test's own, generated for this test file. */
export interface OwnSchema {
  readonly prisma: Readonly<Record<string, unknown>>;
  readonly models: Models;
  database(): Promise<OwnDatabase>;
  /** The extension, with rules for every operation of these models. Defaults to all of them. */
  bus(names?: readonly string[]): unknown;
}

/** @param models the part of the schema after `generator` and `datasource`. */
export async function ownSchema(models: string, previewFeatures: readonly string[] = []): Promise<OwnSchema> {
  const { module, schema, remove } = generateClient(models, previewFeatures);
  afterAll(remove);
  const names = Array.from(models.matchAll(/^model (\w+)/gm), ([, name = ""]) => name);
  const adapter = new PrismaPg({ connectionString: "postgresql://nobody@localhost:1/none" });
  const unconnected = new module.PrismaClient({ adapter }) as {
    readonly _engineConfig: { inlineSchema: string };
  };
  let sql: string | undefined;
  const database = async (): Promise<OwnDatabase> => {
    const { url, pool } = await testDatabase();
    sql ??= await sqlOf(schema, url);
    await pool.query("drop schema public cascade; create schema public");
    await pool.query(sql);
    const open = (options: object = {}) => {
      const connected = new PrismaPg({ connectionString: url });
      return closeLater(new module.PrismaClient({ ...options, adapter: connected }) as AnyClient);
    };
    const truth = await GroundTruth.install(pool, modelsOf(unconnected));
    return { url, pool, ledger: new Ledger(pool), truth, open };
  };
  return {
    prisma: module.Prisma,
    models: modelsOf(unconnected),
    database,
    bus: (some = names) => busOf(some),
  };
}

/** The extension, with rules for every operation of these models. */
function busOf(names: readonly string[]): unknown {
  const { defineEvent } = eventsFor() as unknown as { defineEvent(name: string, options: object): unknown };
  const capture = Object.fromEntries(
    names.map((model) => [
      model,
      Object.fromEntries(
        ["create", "update", "delete"].map((operation) => [
          operation,
          defineEvent(`${model}.${operation}`, { model }),
        ]),
      ),
    ]),
  );
  const events = Object.values(capture).flatMap((rules) => Object.values(rules));
  return eventBus({ events, capture } as unknown as Parameters<typeof eventBus>[0]);
}
