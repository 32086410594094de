import { randomUUID } from "node:crypto";

import { afterAll, describe, expect, it } from "vitest";
import { skipWithout } from "../support/left-out.js";
import { findBouncer, NO_BOUNCER, startBouncer } from "./pgbouncer.js";
import { workerFixture } from "./worker-fixture.js";

const { pool, url, names, subscriber, start, publish, allIn } = await workerFixture();

const roles: string[] = [];
afterAll(async () => {
  for (const role of roles) await pool.query(`drop role "${role}"`);
});

/** The URL of the database for a role of which a setting is not the usual one. */
const urlOfRoleWith = async (setting: string) => {
  const role = `worker_${randomUUID()}`;
  roles.push(role);
  await pool.query(`create role "${role}" login superuser password 'x'`);
  await pool.query(`alter role "${role}" set ${setting}`);
  const own = new URL(url);
  own.username = role;
  own.password = "x";
  return own.href;
};

const flaky = () =>
  subscriber(
    "one",
    (event, ctx) => {
      if (ctx.attempt === 1 && event.aggregate.n % 7 === 0) throw new Error("no");
    },
    { retry: { backoff: () => 5 } },
  );

describe("workers of a role that has", () => {
  it.each([
    "default_transaction_isolation = 'repeatable read'",
    "default_transaction_isolation = 'serializable'",
    "datestyle = 'German'",
    "timezone = 'Asia/Kathmandu'",
    "statement_timeout = '300ms'",
    "lock_timeout = '50ms'",
    "search_path = pg_temp",
    "standard_conforming_strings = off",
    "idle_session_timeout = '400ms'",
  ])("%s start together and make every delivery", async (setting) => {
    const database = { url: await urlOfRoleWith(setting), ...names };
    const workers = await Promise.all([1, 2, 3].map(() => start([flaky()], { database })));
    await publish(60);
    const rows = await allIn("delivered", 60);
    expect(rows.filter(({ attempts }) => attempts === 2)).toHaveLength(8);
    expect(workers.flatMap(({ of }) => [...of("recover:start"), ...of("deliver:error")])).toEqual([]);
  });

  it("another datestyle work through PgBouncer, too", async (context) => {
    skipWithout(context, findBouncer() !== undefined, NO_BOUNCER);
    const bouncer = await startBouncer(await urlOfRoleWith("datestyle = 'SQL, DMY'"));
    try {
      const { worker } = await start([flaky()], { database: { url: bouncer.url, ...names } });
      await publish(60);
      await allIn("delivered", 60);
      await worker.stop();
    } finally {
      await bouncer.stop();
    }
  });
});
