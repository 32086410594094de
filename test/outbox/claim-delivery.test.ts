import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";

import { committedClaims } from "../../src/outbox/claim-delivery.js";
import { executorOf } from "../../src/outbox/executor.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { testDatabase } from "../support/database.js";

const { pool } = await testDatabase();

it("asks for claims without a job where array_nulls is off, too", async () => {
  const client = await pool.connect();
  try {
    await client.query("set array_nulls = off");
    const claim = { position: 1, subscriptionId: 1, claim: randomUUID() };
    for (const claims of [[claim], [claim, { ...claim, jobId: "4" }]]) {
      const committed = await committedClaims(executorOf(client), DEFAULT_SCHEMA_NAMES, claims);
      expect(committed).toEqual(claims.map(() => false));
    }
  } finally {
    client.release(true);
  }
});
