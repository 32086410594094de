import type { AdapterFactory, InternalClient } from "./internals.js";

const schemas = new WeakMap<object, Promise<string>>();

/** The PostgreSQL schema in which Prisma finds the tables of models without `@@schema`. */
export function connectionSchema(root: InternalClient): Promise<string> {
  const adapter = root._engineConfig.adapter;
  if (adapter === undefined) return Promise.resolve("public");
  const known = schemas.get(adapter);
  if (known !== undefined) return known;
  const schema = askAdapter(adapter);
  schemas.set(adapter, schema);
  schema.catch(() => schemas.delete(adapter));
  return schema;
}

async function askAdapter(adapter: AdapterFactory): Promise<string> {
  // Prisma's adapters keep their options; connecting one that was given a pool could end that pool.
  if ("options" in adapter) return adapter.options?.schema ?? "public";
  const connection = await adapter.connect();
  try {
    return connection.getConnectionInfo?.().schemaName ?? "public";
  } finally {
    await connection.dispose();
  }
}
