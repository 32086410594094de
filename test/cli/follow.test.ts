import { describe, expect, it } from "vitest";

import { events } from "../../src/admin.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "../worker/worker-fixture.js";
import { buildCli } from "./built-cli.js";
import { writeApp } from "./written-app.js";

const { url, pool, publish } = await workerFixture();
const cli = await buildCli();
const cwd = writeApp({ "ex-event-bus.config.mjs": "export default { prisma: {}, subscribers: [] }" });
const start = (...args: string[]) => cli(args, { cwd, env: { DATABASE_URL: url } });

describe("events --follow", () => {
  it("prints the last ones, then each one that comes and fits, once, until it is told to stop", async () => {
    await publish(3);
    // Where nothing is final yet, all that comes is new: transactions of other tests on the server hold that up.
    await eventually(async () => expect(await events(pool, { after: 0 })).toHaveLength(3));
    const all = start("events", "--follow", "--limit", "2", "--json");
    const keys = () => all.lines().map(({ aggregateKey }) => aggregateKey);
    await eventually(() => expect(keys()).toEqual(["2", "3"]));
    const table = start("events", "--follow", "--aggregate-key", "2");
    await eventually(() => expect(table.stdout.split("\n")).toHaveLength(3));

    // One that is older than what others commit meanwhile, and is committed later.
    const client = await pool.connect();
    await client.query("begin");
    await client.query("select * from event_bus.publish(name => 'Late', aggregate => '{}', key => 'late')");
    await publish(2);
    await client.query("commit");
    client.release();
    await eventually(() => expect(keys()).toEqual(["2", "3", "late", "1", "2"]));
    await eventually(() => expect(table.stdout.split("\n")).toHaveLength(4));
    expect(table.stdout.match(/position/g)).toHaveLength(1);

    for (const one of [all, table]) one.kill("SIGINT");
    expect(await all.exit).toBe(0);
    expect(await table.exit).toBe(0);
  });
});

describe("status --watch", () => {
  it("prints how everything stands again and again, until it is told to stop", async () => {
    const watching = start("status", "--watch", "0.1", "--json");
    await eventually(() => expect(watching.lines().length).toBeGreaterThan(2));
    expect(watching.lines()[0]).toEqual({ subscribers: [], workers: [] });
    watching.kill("SIGINT");
    expect(await watching.exit).toBe(0);
  });
});
