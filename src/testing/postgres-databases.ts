import { Client, escapeIdentifier } from "pg";

/** Databases of one server, by name. */
export interface Databases {
  /** The URL of the database `name`. */
  databaseUrl(name: string): string;
  /** Creates a database, as a copy of `template` if that is given, and returns its URL. */
  createDatabase(name: string, options?: { readonly template?: string }): Promise<string>;
  /** Ends all connections to a database and drops it. Does nothing if it does not exist. */
  dropDatabase(name: string): Promise<void>;
  /** The `application_name` of each connection to a database. */
  programsOn(name: string): Promise<readonly string[]>;
  /** Drops the database `name`, and every database whose name begins with `name` and `_`. */
  dropDatabases(name: string): Promise<void>;
}

/** Creates and drops databases on the server of `adminUrl`, as its user. */
export function databasesOf(adminUrl: string): Databases {
  const databaseUrl = (name: string) => {
    const url = new URL(adminUrl);
    url.pathname = `/${encodeURIComponent(name)}`;
    return url.toString();
  };
  return {
    databaseUrl,
    async createDatabase(name, options = {}) {
      const template =
        options.template === undefined ? "" : ` template ${escapeIdentifier(options.template)}`;
      await execute(adminUrl, `create database ${escapeIdentifier(name)}${template}`);
      return databaseUrl(name);
    },
    async dropDatabase(name) {
      await execute(adminUrl, dropOf(name));
    },
    async programsOn(name) {
      const found = await execute(
        adminUrl,
        "select coalesce(nullif(application_name, ''), 'without a name') as name from pg_catalog.pg_stat_activity where datname = $1 and pid <> pg_catalog.pg_backend_pid() and backend_type = 'client backend'",
        [name],
      );
      return found.map((row) => row.name);
    },
    async dropDatabases(name) {
      const found = await execute(
        adminUrl,
        "select datname as name from pg_catalog.pg_database where starts_with(datname, $1 || '_')",
        [name],
      );
      for (const database of [name, ...found.map((row) => row.name)]) {
        await execute(adminUrl, dropOf(database));
      }
    },
  };
}

function dropOf(name: string): string {
  return `drop database if exists ${escapeIdentifier(name)} with (force)`;
}

async function execute(
  url: string,
  sql: string,
  values: readonly string[] = [],
): Promise<readonly { readonly name: string }[]> {
  const client = new Client({ connectionString: url });
  // The query fails with the error too. Without a listener, the error would end the process.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<{ name: string }>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
