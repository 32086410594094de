import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";

import { type Prisma, PrismaClient } from "../../../prisma/generated/client/client.js";
import { eventBus } from "../../../src/index.js";
import { atEndOfFile } from "../../support/at-end.js";
import { events, rules } from "./events.js";
import { type Interruption, interruptedClient } from "./interrupted.js";

/** How a client is opened. */
export interface OpenOptions {
  /** Connections of its pool. Defaults to pg's own default, 10. */
  readonly max?: number;
  /** The PostgreSQL schema of its tables. */
  readonly schema?: string;
  /** Gets the text of every statement that is sent, BEGIN and COMMIT included. */
  readonly statements?: string[];
  /** Runs something before statements of the client. */
  readonly interruption?: Interruption;
  /** Options of the Prisma client itself. */
  readonly client?: Omit<Prisma.PrismaClientOptions, "adapter" | "accelerateUrl">;
}

/** Where a test is not about limits of transactions, a busy machine shall not come to them. */
const PATIENT = { maxWait: 60_000, timeout: 120_000 };

/** Has a client disconnected after the test file. */
export function closeLater<C extends { $disconnect(): Promise<void> }>(client: C): C {
  atEndOfFile(() => client.$disconnect());
  return client;
}

/** A Prisma client without the extension. Disconnected after the test file. */
export function openClient(url: string, options: OpenOptions = {}): PrismaClient {
  const adapter = openAdapter(url, options);
  return closeLater(new PrismaClient({ transactionOptions: PATIENT, ...options.client, adapter }));
}

/** A Prisma client that captures every operation on the models of `rules`. Disconnected after the test file. */
export function openBus(url: string, options: OpenOptions = {}) {
  return openClient(url, options).$extends(eventBus({ events, capture: rules }));
}

export type BusClient = ReturnType<typeof openBus>;

/** The driver adapter of {@link openClient}, for clients of another generator. */
export function openAdapter(
  url: string,
  { max, schema, statements, interruption }: OpenOptions = {},
): PrismaPg {
  return new PrismaPg(
    {
      connectionString: url,
      ...(max === undefined ? {} : { max }),
      ...(statements === undefined ? {} : { Client: recordingClient(statements) }),
      ...(interruption === undefined ? {} : { Client: interruptedClient(interruption) }),
    },
    schema === undefined ? {} : { schema },
  );
}

/** A class of pg clients that notes what is sent, below everything that Prisma reports. */
function recordingClient(statements: string[]): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      const send = this.query.bind(this) as (...args: unknown[]) => unknown;
      this.query = ((...args: unknown[]) => {
        const [first] = args;
        statements.push(typeof first === "string" ? first : String((first as pg.QueryConfig).text));
        return send(...args);
      }) as typeof this.query;
    }
  };
}
