import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

import { until } from "../support/until.js";

/** A PgBouncer in transaction mode before a database. */
export interface Bouncer {
  /** The database's URL, through it. */
  readonly url: string;
  stop(): Promise<void>;
}

const PROGRAMS = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"];

/** Where PgBouncer is; undefined when it is not installed. */
export function findBouncer(): string | undefined {
  const named = process.env["PGBOUNCER"];
  return named ?? PROGRAMS.find((path) => existsSync(path));
}

/** Why tests with it are left out. */
export const NO_BOUNCER =
  "PgBouncer is not installed: apt-get install pgbouncer (Debian), or set PGBOUNCER to the program";

/** Starts PgBouncer before the database of `url`. It gives a connection away after each transaction. */
export async function startBouncer(url: string, poolSize = 20): Promise<Bouncer> {
  const program = findBouncer();
  if (program === undefined) throw new Error(NO_BOUNCER);
  const { hostname, port, username, password, pathname } = new URL(url);
  const database = pathname.slice(1);
  const folder = mkdtempSync(join(tmpdir(), "ex-event-bus-pgbouncer-"));
  const ownPort = await freePort();
  const users = join(folder, "users.txt");
  const settings = join(folder, "pgbouncer.ini");
  writeFileSync(users, `"${username}" "${decodeURIComponent(password)}"\n`);
  writeFileSync(
    settings,
    `[databases]
${database} = host=${hostname} port=${port} dbname=${database} user=${username} password=${decodeURIComponent(password)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 1000
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
logfile = ${join(folder, "log")}
pidfile = ${join(folder, "pid")}
`,
  );
  for (const path of [folder, users, settings]) chmodSync(path, path === folder ? 0o777 : 0o644);
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? ["-u", ownUser()] : [];
  const child = spawn(program, [...user, settings], { stdio: "ignore" });
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String(ownPort);
  await until(() => isUp(through.href, child), 10_000);
  return {
    url: through.href,
    async stop() {
      if (child.exitCode === null) {
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGQUIT");
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ownUser(): string {
  for (const name of ["pgbouncer", "postgres", "nobody"]) {
    try {
      execFileSync("id", ["-u", name], { stdio: "ignore" });
      return name;
    } catch {
      // The next one.
    }
  }
  return "nobody";
}

async function isUp(url: string, child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) throw new Error(`PgBouncer has ended with ${child.exitCode}`);
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
  } finally {
    await client.end().catch(() => undefined);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null
          ? resolve(address.port)
          : reject(new Error("no port")),
      );
    });
  });
}
