import { readFileSync } from "node:fs";

import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
import * as engine from "@prisma/schema-engine-wasm/schema_engine_bg";

// Neither Node's types nor the libraries of this project have it.
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
};

let isLoaded = false;

function load(): void {
  if (isLoaded) return;
  isLoaded = true;
  const wasm = new URL(
    "schema_engine_bg.wasm",
    import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg"),
  );
  const module = new WebAssembly.Module(readFileSync(wasm));
  const { exports } = new WebAssembly.Instance(module, { "./schema_engine_bg.js": { ...engine } });
  engine.__wbg_set_wasm(exports);
  (exports["__wbindgen_start"] as () => void)();
}

/**
 * The statements that create the tables of a Prisma schema, as `prisma migrate` would write them.
 *
 * @param url of any database: the engine wants one, and changes nothing in it.
 */
export async function sqlOf(schema: string, url: string): Promise<string> {
  load();
  const factory = new PrismaPg({ connectionString: url });
  const connections: { dispose(): Promise<void> }[] = [];
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const connection = await connect();
    connections.push(connection);
    return connection;
  };
  try {
    const files = [{ path: "schema.prisma", content: schema }];
    const adapter = bindMigrationAwareSqlAdapterFactory(factory);
    const migrate = await engine.SchemaEngine.new(
      { datamodels: [["schema.prisma", schema]] },
      () => {},
      adapter,
    );
    const { stdout } = await migrate.diff({
      from: { tag: "empty" },
      to: { tag: "schemaDatamodel", files },
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return stdout ?? "";
  } finally {
    for (const connection of connections) await connection.dispose();
  }
}
