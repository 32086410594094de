export type { Databases } from "./postgres-databases.js";
export type { StopMode } from "./postgres-process.js";
export { type SetupOptions, setupPostgres, type TestDatabase, testDatabase } from "./postgres-setup.js";
export { type PostgresOptions, type PostgresServer, startPostgres } from "./start-postgres.js";
