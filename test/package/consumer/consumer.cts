import postgres = require("ex-event-bus/testing/postgres");

export const server: Promise<postgres.PostgresServer> = postgres.startPostgres();

// @ts-expect-error The types arrive: any would be everything.
export const notAServer: number = server;
