import { join } from "node:path";
import { expect, it } from "vitest";

import { withDatabase } from "../../src/cli/with-database.js";
import { testDatabase } from "../support/database.js";
import { writeApp } from "./written-app.js";

const { url } = await testDatabase();

const configOf = (to: string) =>
  join(
    writeApp({
      "bus.config.mjs": `export default { prisma: {}, subscribers: [], database: { url: ${JSON.stringify(to)} } };`,
    }),
    "bus.config.mjs",
  );

it("says of a connection that breaks that the database does not answer", async () => {
  const cut = withDatabase({ config: configOf(url) }, (client) =>
    client.query("select pg_terminate_backend(pg_backend_pid())"),
  );
  await expect(cut).rejects.toMatchObject({
    code: "DATABASE_UNREACHABLE",
    message: expect.stringMatching(
      /^The database "\w.*" at .* does not answer: terminating connection due to/,
    ),
  });
});

it("leaves other errors as they are", async () => {
  const wrong = withDatabase({ config: configOf(url) }, (client) => client.query("select wrong"));
  await expect(wrong).rejects.toMatchObject({ code: "42703" });
});
