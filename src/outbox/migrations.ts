import { init } from "./migrations/0001-init.js";

/** A step of the schema. Steps are never changed once released: a new one is added. */
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
