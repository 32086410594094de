// `prisma generate`, offline: silent when all is well, and nothing to do when the schema has not changed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { keysSchema } from "./keys-schema.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const generated = join(here, "generated");
const stamp = join(generated, ".stamp");

const prisma = createRequire(import.meta.url).resolve("prisma/package.json");
const { version, bin } = JSON.parse(readFileSync(prisma, "utf8"));
mkdirSync(generated, { recursive: true });
writeFileSync(join(generated, "keys.prisma"), keysSchema());
const schemas = [
  "schema.prisma",
  "several-schemas.prisma",
  "rights.prisma",
  "relation-mode.prisma",
  "odd.prisma",
  "generated/keys.prisma",
].map((name) => join(here, name));
const wanted = schemas
  .reduce((hash, file) => hash.update(readFileSync(file)), createHash("sha256"))
  .update(version)
  .digest("hex");
const outputs = [
  "client/client.ts",
  "client-js/index.js",
  "several-schemas/client.ts",
  "rights/client.ts",
  "relation-mode/client.ts",
  "odd/client.ts",
  "keys/client.ts",
].map((file) => join(generated, file));

if (outputs.every(existsSync) && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) process.exit(0);

for (const schema of schemas) {
  const command = [join(dirname(prisma), bin.prisma), "generate", "--no-hints", "--schema", schema];
  const run = spawnSync(process.execPath, command, {
    cwd: root,
    encoding: "utf8",
    env: {
      ...process.env,
      // `generate` asks only whether the schema engine is there and would download it otherwise. For this one
      // command: with a stand-in, `migrate` reports success and does nothing.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
      CHECKPOINT_DISABLE: "1",
    },
  });
  if (run.status === 0) continue;
  process.stderr.write(`prisma generate failed (${run.error?.message ?? `exit code ${run.status}`})\n`);
  process.stderr.write(`${run.stdout ?? ""}${run.stderr ?? ""}`);
  process.exit(1);
}
writeFileSync(stamp, wanted);
