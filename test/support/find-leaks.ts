import pg from "pg";
import { inject, vi } from "vitest";

/** What is still connected to the test database `name`; empty as soon as nothing is. */
export async function findOpenConnections(name: string, patienceMs = 2_000): Promise<string[]> {
  const client = new pg.Client({ connectionString: inject("server").url });
  await client.connect();
  const look = async () => {
    const { rows } = await client.query<{ name: string; query: string }>(
      `select application_name as name, left(regexp_replace(query, '\\s+', ' ', 'g'), 80) as query
         from pg_stat_activity where datname = $1 and backend_type = 'client backend'`,
      [name],
    );
    return rows.map(
      (row) => `a connection${row.name && ` of "${row.name}"`} (last: ${row.query || "nothing"})`,
    );
  };
  let open = await look();
  // A server process ends some moments after its client.
  const nothingIsOpen = async () => {
    open = await look();
    if (open.length > 0) throw new Error("still connected");
  };
  if (open.length > 0) {
    await vi.waitFor(nothingIsOpen, { timeout: patienceMs, interval: 20 }).catch(() => undefined);
  }
  await client.end();
  return open;
}

/** How many child processes this process has at the moment. */
export function countChildProcesses(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "ProcessWrap").length;
}
