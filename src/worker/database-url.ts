import pg from "pg";

import { EventBusError, isEventBusError } from "../errors.js";
import { databaseFailure } from "../outbox/database-error.js";
import type { EventBusConfig } from "../registry/define-config.js";

/**
 * The connection string of the database of a configuration. Workers use LISTEN and prepared statements. If `url` goes through a
 * pooler, they need `directUrl` for that.
 *
 * @throws EventBusError `INVALID_OPTION` if neither the configuration nor the environment has one.
 */
export function databaseUrl(config: EventBusConfig): string {
  const url = config.database.directUrl ?? config.database.url ?? process.env["DATABASE_URL"];
  if (url !== undefined && /^postgres(ql)?:\/\//.test(url)) {
    if (isReadable(url)) return url;
    throw new EventBusError(
      "INVALID_OPTION",
      "The connection string of the database is no valid URL. Expected that characters such as # / ? @ % in its user or " +
        "password are percent-encoded, as by encodeURIComponent(). It is database.directUrl, database.url or DATABASE_URL.",
      { path: "database.url" },
    );
  }
  // The value is not shown: it may hold a password.
  const found = url === undefined || url === "" ? "is not set" : "is no connection string";
  throw new EventBusError(
    "INVALID_OPTION",
    `There is no database: database.url is not given and DATABASE_URL ${found}. Expected "postgresql://…" in one of them: ` +
      "in defineConfig(), in the environment or in a file .env here.",
    { path: "database.url" },
  );
}

/** Whether pg can read a connection string. It takes hosts that are not valid in a URL, such as a folder of sockets. */
function isReadable(url: string): boolean {
  try {
    new pg.Client({ connectionString: url });
    return true;
  } catch {
    return false;
  }
}

/** Host, port and database of a connection string, and never the user or the password. */
export function describeDatabase(url: string): string {
  try {
    const { hostname, port, pathname, searchParams } = new URL(url);
    const host = searchParams.get("host") ?? (decodeURIComponent(hostname) || "localhost");
    return `the database "${decodeURIComponent(pathname.slice(1))}" at ${host}:${port || "5432"}`;
  } catch {
    return "the database of the given connection string";
  }
}

type Why = readonly [found: string, toDo: string];

const NO_ANSWER: Why = ["does not answer", "Check database.url or DATABASE_URL, and that the server runs."];
/** Reasons by the class of the SQLSTATE. */
const WHY: Readonly<Record<string, Why>> = {
  "25": ["takes no writes", "Connect to the primary server, or end its read-only mode."],
  "28": ["refuses the login", "Check the user and the password in database.url or DATABASE_URL."],
  "3D": ["is not there", "Create it, or correct its name in database.url or DATABASE_URL."],
  "53": ["takes no more connections", "Use fewer, or raise max_connections of the server."],
};

const NOT_TRUSTED: Why = [
  "answers with a certificate that is not trusted",
  "Name the file of its authority in the URL with sslrootcert, or take sslmode=no-verify to encrypt without checking who " +
    "answers.",
];
/** OpenSSL's names for faults of a certificate, as Node.js has them. */
const CERTIFICATE =
  /^(?:(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF|DECRYPT_CERT|GET_CRL)|CERT_|CRL_|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS_CERT_ALTNAME)/;
const NO_SSL: Why = [
  "does not encrypt connections",
  "Set ssl of the server to on, or take sslmode=disable in the URL.",
];

function reasonWhy(cause: unknown): Why {
  const { code } = Object(cause) as { readonly code?: unknown };
  if (typeof code === "string" && CERTIFICATE.test(code)) return NOT_TRUSTED;
  if (/does not support SSL/.test(reasonOf(cause))) return NO_SSL;
  // The error of pg for a missing password.
  const state = databaseFailure(cause)?.state ?? (reasonOf(cause).startsWith("SASL") ? "28" : "");
  return WHY[state.slice(0, 2)] ?? NO_ANSWER;
}

/** The error of a database that cannot be used, with reason and remedy. */
export function unreachable(url: string, cause: unknown): EventBusError {
  if (isEventBusError(cause, "DATABASE_UNREACHABLE")) return cause;
  const [found, toDo] = reasonWhy(cause);
  return new EventBusError(
    "DATABASE_UNREACHABLE",
    `${describeDatabase(url).replace(/^t/, "T")} ${found}: ${reasonOf(cause)}. ${toDo}`,
    { cause },
  );
}

/** The reason. If a host has several addresses (IPv4 and IPv6), their errors come in one error without a message. */
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === "") return cause.errors.map(reasonOf).join(", ");
  return cause instanceof Error ? cause.message : String(cause);
}
