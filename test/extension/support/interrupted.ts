import pg from "pg";

/** Runs something just before a statement of a client is sent. */
export interface Interruption {
  /** Gets the text of the statement. */
  before: ((statement: string) => Promise<void>) | undefined;
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
        return before === undefined ? send(...args) : before(text).then(() => send(...args));
      }) as typeof this.query;
    }
  };
}
