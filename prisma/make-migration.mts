// Writes the migration that leads from prisma/migrations to prisma/schema.prisma, offline:
//   npx tsx prisma/make-migration.mts add_invoices    or, to only look whether one is needed:  … --check
// `prisma migrate dev` needs a native engine that has to be downloaded; this uses the same engine as WebAssembly.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from "@prisma/driver-adapter-utils";
import * as engine from "@prisma/schema-engine-wasm/schema_engine_bg";
import { types } from "pg";

import { startPostgres } from "../src/testing/postgres.js";

const here = fileURLToPath(new URL(".", import.meta.url));
// Neither Node's types nor the libraries of this project have it.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
};

const lockFile = 'provider = "postgresql"\n';

async function missingSql(): Promise<string> {
  const bg = new URL(
    "schema_engine_bg.wasm",
    import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"),
  );
  const module = new WebAssembly.Module(readFileSync(bg));
  const { exports } = new WebAssembly.Instance(module, { "./schema_engine_bg.js": { ...engine } });
  engine.__wbg_set_wasm(exports);
  (exports["__wbindgen_start"] as () => void)();

  // The engine reads the type "char" of PostgreSQL's catalogs, which the adapter does not know. It goes in as a uuid,
  // of which there are none here, and comes out as what it is.
  Object.assign(types.builtins, { UUID: types.builtins.CHAR });

  const schema = readFileSync(`${here}schema.prisma`, "utf8");
  const migrationDirectories = readdirSync(`${here}migrations`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map((path) => {
      const value = readFileSync(`${here}migrations/${path}/migration.sql`, "utf8");
      return { path, migrationFile: { path: "migration.sql", content: { tag: "ok" as const, value } } };
    });
  const migrations = {
    tag: "migrations" as const,
    baseDir: `${here}migrations`,
    lockfile: { path: "migration_lock.toml", content: lockFile },
    shadowDbInitScript: "",
    migrationDirectories,
  };
  const server = await startPostgres();
  const scratch = new PrismaPg({ connectionString: await server.createDatabase("scratch") });
  const factory = new PrismaPg({ connectionString: server.url });
  // The adapter's own one drops the database before its connections to it are closed.
  factory.connectToShadowDb = async () => {
    const database = await scratch.connect();
    const { queryRaw } = database;
    database.queryRaw = async (query) => {
      const result = await queryRaw.call(database, query);
      const isChar = (type: number) => type === ColumnTypeEnum.Uuid;
      return {
        ...result,
        columnTypes: result.columnTypes.map((type) => (isChar(type) ? ColumnTypeEnum.Character : type)),
      };
    };
    return database;
  };
  const adapter = bindMigrationAwareSqlAdapterFactory(factory);
  const migrate = await engine.SchemaEngine.new(
    { datamodels: [["schema.prisma", schema]] },
    () => {},
    adapter,
  );
  const { stdout } = await migrate.diff({
    from: migrations,
    to: { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content: schema }] },
    script: true,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  });
  return stdout ?? "";
}

mkdirSync(`${here}migrations`, { recursive: true });
const name = process.argv[2];
if (name === undefined || !/^(--check|[a-z0-9_]+)$/.test(name)) {
  throw new Error(`Found ${name ?? "no name"}, expected a name such as add_invoices, or --check`);
}
const sql = await missingSql();
const isEmpty = /^\s*(-- This is an empty migration\.\s*)?$/.test(sql);
if (name === "--check") {
  if (!isEmpty) throw new Error(`The migrations lag behind the schema. Missing:\n${sql}`);
} else if (!isEmpty) {
  const time = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  const folder = `${here}migrations/${time}_${name}`;
  mkdirSync(folder);
  writeFileSync(`${folder}/migration.sql`, sql);
  if (!existsSync(`${here}migrations/migration_lock.toml`)) {
    writeFileSync(`${here}migrations/migration_lock.toml`, lockFile);
  }
}
// The engine leaves connections open; the server ends with this process.
process.exit();
