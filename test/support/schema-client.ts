import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A client that was generated for a schema of a test's own. */
export interface SchemaClient {
  /** `PrismaClient` and `Prisma` of the generated module, of models that no type knows. */
  readonly module: {
    readonly PrismaClient: new (options: object) => unknown;
    readonly Prisma: Readonly<Record<string, unknown>>;
  };
  /** The whole schema. */
  readonly schema: string;
  /** Deletes the generated files. */
  remove(): void;
}

/**
 * Runs `prisma generate` on models, in a temporary folder.
 *
 * @param models the part of the schema after `generator` and `datasource`.
 */
export function generateClient(models: string, previewFeatures: readonly string[] = []): SchemaClient {
  const folder = mkdtempSync(join(tmpdir(), "ex-event-bus-client-"));
  const schema = `generator client {
  provider        = "prisma-client-js"
  output          = "./client"
  previewFeatures = ${JSON.stringify(previewFeatures)}
}

datasource db {
  provider = "postgresql"
}

${models}
`;
  // The generated client finds Prisma's runtime here.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "client"));
  writeFileSync(join(folder, "schema.prisma"), schema);
  runGenerate(folder);
  const require = createRequire(import.meta.url);
  const module = require(join(folder, "client", "index.js")) as SchemaClient["module"];
  return { module, schema, remove: () => rmSync(folder, { recursive: true }) };
}

/** Runs `prisma generate` on a schema in a folder. */
export function runGenerate(folder: string, schema = "schema.prisma"): void {
  const require = createRequire(import.meta.url);
  const prisma = require.resolve("prisma/package.json");
  const { bin } = require(prisma) as { readonly bin: { readonly prisma: string } };
  const command = [join(dirname(prisma), bin.prisma), "generate", "--no-hints", "--schema", schema];
  execFileSync(process.execPath, command, {
    cwd: folder,
    stdio: "pipe",
    // As in prisma/generate.mjs: `generate` only asks whether the engine is there.
    env: {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
      CHECKPOINT_DISABLE: "1",
    },
  });
}
