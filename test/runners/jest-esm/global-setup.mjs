import { setupPostgres } from "ex-event-bus/testing/postgres";

import prepare from "./prepare.cjs";

export default async () => {
  globalThis.tearDownPostgres = await setupPostgres({ url: process.env.TEST_DATABASE_URL, prepare });
};
