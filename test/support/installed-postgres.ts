import { existsSync, readdirSync } from "node:fs";

import type { PostgresBinaries } from "../../src/testing/postgres-binaries.js";

/** Where Debian and Ubuntu put the versions that are installed. */
export const VERSIONS = "/usr/lib/postgresql";

/** The tests that `npm run test:installed` runs on the newest of them. */
export const INSTALLED_FILES = [
  "migrations",
  ...["outbox/compiled-plans", "outbox/hot-path", "outbox/plans", "outbox/publish.test"],
  ...[
    "outbox/find-deliveries",
    "outbox/find-events",
    "extension/statements",
    "worker/run-worker",
    "worker/parked-jobs",
  ],
].map((name) => `test/${name}`);

/** That they are left out, and why. */
export const NONE_INSTALLED = `Left out: ${INSTALLED_FILES.join(", ")} on an installed PostgreSQL. There is none in ${VERSIONS}: apt-get install postgresql (Debian), then npm run test:installed.`;

/** The newest one. */
export function findInstalled():
  | { readonly version: string; readonly binaries: PostgresBinaries }
  | undefined {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const [version] = versions
    .filter((name) => existsSync(`${VERSIONS}/${name}/bin/initdb`))
    .sort((a, b) => Number(b) - Number(a));
  if (version === undefined) return undefined;
  const bin = `${VERSIONS}/${version}/bin`;
  return { version, binaries: { initdb: `${bin}/initdb`, postgres: `${bin}/postgres` } };
}
