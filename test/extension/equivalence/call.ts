import type { BusClient } from "../support/clients.js";

/** A call whose outcome does not depend on the extension. */
export type Call = readonly [name: string, call: (db: BusClient) => unknown];

/** An argument that the types refuse. */
export const wrong = (value: unknown) => value as never;

/** Arguments that the types refuse. */
export const extra = (values: object) => values as Record<never, never>;
