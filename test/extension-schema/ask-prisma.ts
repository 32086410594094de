import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { RuntimeDataModel } from "../../src/models/read-models.js";

/** What Prisma tells generators of a schema: the parts that are used here. */
export interface DataModel {
  readonly models: readonly DataModelModel[];
  readonly enums: readonly {
    readonly name: string;
    readonly values: readonly { readonly name: string; readonly dbName: string | null }[];
  }[];
}

export interface DataModelModel {
  readonly name: string;
  readonly dbName: string | null;
  readonly schema: string | null;
  readonly fields: readonly DataModelField[];
  readonly primaryKey: NamedKey | null;
  readonly uniqueIndexes: readonly NamedKey[];
}

interface NamedKey {
  readonly name: string | null;
  readonly fields: readonly string[];
}

export interface DataModelField {
  readonly name: string;
  readonly kind: string;
  readonly type: string;
  readonly dbName?: string | null;
  readonly isList: boolean;
  readonly isRequired: boolean;
  readonly isId: boolean;
  readonly isUnique: boolean;
  readonly isUpdatedAt: boolean;
  readonly nativeType?: readonly [name: string, arguments: readonly string[]] | null;
  readonly relationName?: string;
  readonly relationFromFields?: readonly string[];
  readonly relationToFields?: readonly string[];
  readonly relationOnDelete?: string;
  readonly relationOnUpdate?: string;
}

/** A schema, and what Prisma makes of it. */
export interface Answer {
  /** As the generated client carries it. */
  readonly schema: string;
  readonly runtime: RuntimeDataModel;
  readonly dataModel: DataModel;
}

/** What `prisma generate` made of `fixtures/<name>.prisma`; `fixtures/make.mts` has written it down. */
export function readAnswer(name: string): Answer {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"));
}

/** Runs `prisma generate` on a schema, in a temporary folder. */
export function askPrisma(schema: string): Promise<Answer> {
  return generate(schema, ["client", "dump"], (folder) => {
    const code = readFileSync(join(folder, "client", "internal", "class.ts"), "utf8");
    const text = (pattern: RegExp) => JSON.parse(pattern.exec(code)?.[1] ?? "null");
    return {
      schema: text(/"inlineSchema": ("(?:\\.|[^"\\])*")/),
      runtime: JSON.parse(text(/runtimeDataModel = JSON\.parse\(("(?:\\.|[^"\\])*")\)/)),
      dataModel: readDataModel(folder),
    };
  });
}

/** What Prisma tells generators of `prisma/schema.prisma`. */
export function dataModelOfOurSchema(): Promise<DataModel> {
  const schema = readFileSync(new URL("../../prisma/schema.prisma", import.meta.url), "utf8");
  return generate(schema, ["dump"], readDataModel);
}

async function generate<T>(
  schema: string,
  generators: readonly string[],
  read: (folder: string) => T,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "ex-event-bus-schema-"));
  const prisma = createRequire(import.meta.url).resolve("prisma/package.json");
  try {
    writeFileSync(
      join(folder, "schema.prisma"),
      `${schema}\ngenerator dump {\n  provider = "node dump-generator.mjs"\n}\n`,
    );
    copyFileSync(
      fileURLToPath(new URL("fixtures/dump-generator.mjs", import.meta.url)),
      join(folder, "dump-generator.mjs"),
    );
    await promisify(execFile)(
      process.execPath,
      [
        join(dirname(prisma), JSON.parse(readFileSync(prisma, "utf8")).bin.prisma),
        ...["generate", "--no-hints", "--schema", "schema.prisma"],
        ...generators.flatMap((name) => ["--generator", name]),
      ],
      {
        cwd: folder,
        // As in prisma/generate.mjs: `generate` only asks whether the engine is there.
        env: {
          ...process.env,
          PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
          PRISMA_HIDE_UPDATE_MESSAGE: "1",
          CHECKPOINT_DISABLE: "1",
        },
      },
    );
    return read(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readDataModel(folder: string): DataModel {
  return JSON.parse(readFileSync(join(folder, "datamodel.json"), "utf8"), (key, value) =>
    UNUSED.has(key) ? undefined : value,
  );
}

const UNUSED = new Set([
  ...["documentation", "default", "hasDefaultValue", "isReadOnly", "isGenerated"],
  ...["types", "indexes", "uniqueFields"],
]);
