import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { checkSchema } from "../../src/outbox/check-schema.js";
import { type Executor, executorOf } from "../../src/outbox/executor.js";
import { SCHEMA_VERSION } from "../../src/outbox/migrations.js";
import { VERSION } from "../../src/outbox/package-version.js";
import { DEFAULT_SCHEMA_NAMES } from "../../src/outbox/schema-names.js";
import { laterRefusal } from "../registry/refusal.js";
import { testDatabase } from "../support/database.js";

const { url, pool } = await testDatabase();
const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) });
afterAll(() => prisma.$disconnect());

/** Checks in a transaction in which `change` was made. */
type Check = (change: string) => Promise<void>;

const byPg: Check = async (change) => {
  const client = await pool.connect();
  try {
    await client.query(`begin; ${change}`);
    await checkSchema(executorOf(client), DEFAULT_SCHEMA_NAMES);
  } finally {
    await client.query("rollback");
    client.release();
  }
};

const byPrisma: Check = async (change) => {
  const undone = new Error("undone");
  const outcome = await prisma
    .$transaction(async (tx) => {
      for (const statement of change.split("; ")) if (statement !== "") await tx.$executeRawUnsafe(statement);
      await checkSchema(executorOf(tx), DEFAULT_SCHEMA_NAMES);
      throw undone;
    })
    .catch((error: unknown) => error);
  if (outcome !== undone) throw outcome;
};

describe.each<[string, Check]>([
  ["pg", byPg],
  ["Prisma", byPrisma],
])("checkSchema by %s", (_, check) => {
  it("accepts the schema of its own version", async () => {
    await check("");
  });

  it("accepts a newer one that still knows its programs", async () => {
    await check(`insert into event_bus.migrations values (9999, 'later', ${SCHEMA_VERSION})`);
  });

  it.each([
    ["there is no schema", "drop schema event_bus cascade"],
    ["there is a schema without our tables", "drop table event_bus.migrations"],
    ["nothing was installed", "delete from event_bus.migrations"],
  ])("refuses when %s", async (_, change) => {
    expect(await laterRefusal(() => check(change))).toBe(
      'SCHEMA_MISSING at -: The event bus is not installed in schema "event_bus" of this database (or graphile-worker is ' +
        `not in "graphile_worker"); this version needs schema version ${SCHEMA_VERSION}. Run: npx ex-event-bus migrate`,
    );
  });

  it("refuses an older one", async () => {
    expect(await laterRefusal(() => check("update event_bus.migrations set id = id - 1"))).toBe(
      `SCHEMA_OUTDATED at -: The event bus in schema "event_bus" has version ${SCHEMA_VERSION - 1}; this version of ` +
        `ex-event-bus needs ${SCHEMA_VERSION}. Run: npx ex-event-bus migrate`,
    );
  });

  it("refuses older functions, if the role may read which ones they are", async () => {
    const older = "update event_bus.installation set package_version = '0.0.9', functions_hash = 'x'";
    expect(await laterRefusal(() => check(older))).toBe(
      'SCHEMA_OUTDATED at -: The functions of the event bus in schema "event_bus" are those of ex-event-bus 0.0.9; this ' +
        `version, ${VERSION}, has others. Run: npx ex-event-bus migrate`,
    );
    await check(
      `${older}; create role reader; grant usage on schema event_bus to reader; grant select on event_bus.migrations to reader; set local role reader`,
    );
  });

  it("accepts newer functions", async () => {
    await check("update event_bus.installation set package_version = '99.0.0', functions_hash = 'x'");
  });

  it("refuses a newer one that does not know its programs any more", async () => {
    const newer = SCHEMA_VERSION + 1;
    const change = `insert into event_bus.migrations values (9999, 'later', ${newer})`;
    expect(await laterRefusal(() => check(change))).toBe(
      'SCHEMA_TOO_NEW at -: The event bus in schema "event_bus" has version 9999, which needs programs that know version ' +
        `${newer}; this version of ex-event-bus knows ${SCHEMA_VERSION}. Upgrade ex-event-bus.`,
    );
  });
});

describe("checkSchema", () => {
  it("leaves errors of other kinds as they are", async () => {
    const broken: Executor = { query: () => Promise.reject(new Error("no connection")) };
    await expect(checkSchema(broken, DEFAULT_SCHEMA_NAMES)).rejects.toThrow("no connection");
  });
});
