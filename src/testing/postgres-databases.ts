import { Client, escapeIdentifier } from "pg";

/** Databases of one server, by name. */
export interface Databases {
  /** The URL of the database `name`. */
  databaseUrl(name: string): string;
  /** Creates a database, as a copy of `template` when one is given, and returns its URL. */
  createDatabase(name: string, options?: { readonly template?: string }): Promise<string>;
  /** Drops a database, with all connections to it. One that is not there is not an error. */
  dropDatabase(name: string): Promise<void>;
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
      await execute(adminUrl, `drop database if exists ${escapeIdentifier(name)} with (force)`);
    },
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  // Reported by the query; without a listener it would end the process.
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
