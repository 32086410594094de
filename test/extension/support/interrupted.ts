import type { Socket } from "node:net";

import pg from "pg";

/** Runs something just before a statement of a client is sent. */
export interface Interruption {
  /** Gets the text of the statement, and the client that sends it. */
  before: ((statement: string, client: pg.Client) => Promise<void>) | undefined;
}

/** A class of pg clients that waits for `interruption` before each statement. */
export function interruptedClient(interruption: Interruption): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      const send = this.query.bind(this) as (...args: unknown[]) => unknown;
      this.query = ((...args: unknown[]) => {
        const [first] = args;
        const text = typeof first === "string" ? first : String((first as pg.QueryConfig).text);
        const { before } = interruption;
        return before === undefined ? send(...args) : before(text, this).then(() => send(...args));
      }) as typeof this.query;
    }
  };
}

/** Has the connection of a client break as a network does: PostgreSQL says nothing. */
export function breakConnection(client: pg.Client): void {
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream.destroy();
}
