import pg from "pg";

import { momentOf } from "../outbox/moment.js";

/** Parsers by the OID of the type. Values of other types, int8 and numeric included, stay the texts that PostgreSQL sends. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [16, (text) => text === "t"],
  ...[21, 23, 26, 700, 701].map((oid) => [oid, Number] as const),
  ...[114, 3802].map((oid) => [oid, (text: string): unknown => JSON.parse(text)] as const),
  [1184, momentOf],
  ...[1009, 1015].map((oid) => [oid, textsOf] as const),
  ...[1005, 1007].map((oid) => [oid, (text: string) => textsOf(text).map(Number)] as const),
]);

// Not so in its types.
type ArrayParser = { readonly create: (source: string) => { readonly parse: () => string[] } };

function textsOf(text: string): string[] {
  return (pg.types.arrayParser as unknown as ArrayParser).create(text).parse();
}

/**
 * The type parsers of the package's connections. `pg.types` is shared with the application, whose parsers, for example for
 * timestamps or JSON, would also apply to statements of the package and of graphile-worker.
 */
export const OWN_TYPES = {
  getTypeParser: (oid: number) => PARSERS.get(oid) ?? String,
} as unknown as pg.CustomTypesConfig;

/** Makes a connection receive values as texts, even if `pg.defaults.binary` is set. */
export function readTexts(client: pg.ClientBase): void {
  (client as unknown as { binary: boolean }).binary = false;
}
