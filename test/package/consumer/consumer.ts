import { type PostgresServer, startPostgres } from "ex-event-bus/testing/postgres";

export const server: Promise<PostgresServer> = startPostgres({ settings: { max_connections: "20" } });

// @ts-expect-error The types arrive: any would be everything.
export const notAServer: number = await server;
