import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";

import { PrismaClient } from "../../prisma/generated/client/client.js";
import { doctor } from "../../src/admin.js";
import { defineSubscriber } from "../../src/registry/define-subscriber.js";
import type { Subscriber } from "../../src/registry/subscriber.js";
import { startPostgres } from "../../src/testing/postgres.js";
import { runOnce } from "../../src/worker/run-once.js";
import { runWorker } from "../../src/worker/run-worker.js";
import { testDatabase } from "../support/database.js";
import { prepareTemplate } from "../support/template.js";
import { Ping } from "./ping.js";
import { workerFixture } from "./worker-fixture.js";

const { pool, url, subscriber, options, start, publish, allIn } = await workerFixture();
const other = await testDatabase();
const clients: PrismaClient[] = [];
const clientOf = (connectionString: string) => {
  const client = new PrismaClient({
    adapter: new PrismaPg({ connectionString, connectionTimeoutMillis: 30_000 }),
  });
  clients.push(client);
  return client;
};
afterAll(async () => {
  await Promise.all(clients.map((client) => client.$disconnect()));
});

const transactional = defineSubscriber({
  name: "counts",
  events: [Ping],
  transactional: true,
  handle: () => undefined,
}) as unknown as Subscriber;
const plain = subscriber("plain", () => undefined);
const subscriptions = async () => (await pool.query("select subscriber from event_bus.subscriptions")).rows;

describe("a transactional subscriber whose client is on another database than the worker", () => {
  it("is refused by workers, by runOnce and by doctor, before anything is done", async () => {
    const given = options([plain, transactional], { prisma: clientOf(other.url) });
    const refusal = {
      code: "INVALID_OPTION",
      path: "prisma",
      message: expect.stringContaining(
        `prisma in defineConfig() is connected to the database "${other.name}", and the worker to the database "`,
      ),
    };
    await expect(runWorker(given)).rejects.toMatchObject(refusal);
    await expect(runOnce(given)).rejects.toMatchObject(refusal);
    expect(await subscriptions()).toEqual([]);
    const { findings } = await doctor(pool, { prisma: given.prisma as object, subscribers: [transactional] });
    expect(findings).toContainEqual({ level: "problem", check: "database", message: refusal.message });
  });

  it("is told from one on the same database", async () => {
    const prisma = clientOf(url);
    await start([transactional], { prisma });
    await publish(2);
    await allIn("delivered", 2);
    const { findings } = await doctor(pool, { prisma, subscribers: [transactional] });
    expect(findings.filter(({ check }) => check === "database")).toEqual([]);
  });

  it("is of no concern to subscribers that are not transactional", async () => {
    await start([plain], { prisma: clientOf(other.url) });
    await publish(1);
    await allIn("delivered", 1);
  });

  it("is refused on a copy with the same names and the same content on another server", async () => {
    const server = await startPostgres();
    try {
      const { pathname } = new URL(url);
      const copy = await server.createDatabase(decodeURIComponent(pathname.slice(1)));
      await prepareTemplate(copy);
      const prisma = clientOf(copy);
      await expect(runWorker(options([transactional], { prisma }))).rejects.toMatchObject({
        code: "INVALID_OPTION",
        message: expect.stringContaining("of another server, and the worker to"),
      });
      await prisma.$disconnect();
    } finally {
      await server.stop();
    }
  });

  it("is refused when the client cannot tell where it is", async () => {
    const nowhere = new URL(url);
    nowhere.pathname = "/is_not_there";
    const given = options([transactional], { prisma: clientOf(nowhere.href) });
    await expect(runWorker(given)).rejects.toMatchObject({
      code: "DATABASE_UNREACHABLE",
      cause: expect.any(Error),
    });
  });
});

describe("which database a connection leads to", () => {
  it("does not depend on its settings", async () => {
    const adapter = new PrismaPg({
      connectionString: url,
      options: "-c timezone=Asia/Kolkata -c extra_float_digits=0",
    });
    const prisma = new PrismaClient({ adapter });
    clients.push(prisma);
    const client = new pg.Pool({ connectionString: url, options: "-c search_path=pg_temp" });
    const { findings } = await doctor(client, { prisma, subscribers: [transactional] });
    await client.end();
    expect(findings.filter(({ check }) => check === "database")).toEqual([]);
  });
});
