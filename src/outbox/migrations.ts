import { init } from "./migrations/0001-init.js";

/**
 * A step of the schema: tables, their columns, indexes, types. Functions are no part of it, see functions.ts.
 *
 * `:BUS` and `:WORKER` stand for the escaped names of the two schemas, `:BUS_TEXT` and `:WORKER_TEXT` for the same as texts.
 * A step is one text that imports nothing. It is never changed once it is released, but followed by a new one.
 */
export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly sql: string;
  /** The oldest schema version whose programs still work after this step. */
  readonly compatibleWith: number;
}

export const MIGRATIONS: readonly Migration[] = [{ id: 1, name: "init", sql: init, compatibleWith: 1 }];

/** The schema version that this version of the package needs. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;
