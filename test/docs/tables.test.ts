import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { defineConfig, defineSubscriber, exponential } from "../../src/index.js";
import { resolveBusOptions } from "../../src/registry/capture-rules.js";
import { openBus, openClient } from "../extension/support/clients.js";
import { UserCreated } from "../extension/support/events.js";
import { testDatabase } from "../support/database.js";
import { root } from "./markdown.js";
import { flatten, rowOf, tablesOf } from "./tables.js";

// What tables say is compared with what the code does.
const page = (name: string) => readFileSync(join(root, "docs", name), "utf8");

describe("errors.md", () => {
  it("names every code once, in the order of the source", () => {
    const source = readFileSync(join(root, "src/errors.ts"), "utf8");
    const codes = Array.from(source.matchAll(/^ {2}\| "([A-Z_]+)"/gm), ([, code]) => code);
    expect(tablesOf(page("errors.md"))[0]?.map(([code]) => code)).toEqual(codes);
  });
});

describe("telemetry.md", () => {
  it("names every report once, in the order of the source", () => {
    const source = readFileSync(join(root, "src/log/telemetry.ts"), "utf8");
    const types = Array.from(source.matchAll(/^ {2}readonly "([a-z-]+:[a-z-]+)": /gm), ([, type]) => type);
    expect(tablesOf(page("telemetry.md"))[0]?.map(([type]) => type)).toEqual(types);
  });
});

describe("defaults", () => {
  const {
    backoff: _,
    maxAttempts,
    ...policy
  } = defineSubscriber({
    name: "x",
    events: [UserCreated],
    handle: () => undefined,
  }).policy;
  const { prisma: _client, subscribers: _list, ...config } = defineConfig({ prisma: {}, subscribers: [] });
  const {
    eventsByName: _events,
    rules: _rules,
    redactions: _redactions,
    uncaptured: _uncaptured,
    ...bus
  } = resolveBusOptions({ events: [] }, undefined);
  const { kind: _kind, ...backoff } = exponential();
  const documented = {
    "define.md": { retry: { maxAttempts }, ...policy },
    "capture.md": bus,
    "operate.md": config,
    "handle.md": backoff,
  };

  it.each(
    Object.entries(documented).flatMap(([name, options]) =>
      flatten(options)
        .filter(([, value]) => value !== undefined)
        .map(([option, value]) => ({ name, option, value })),
    ),
  )("of $option in $name is $value", ({ name, option, value }) => {
    expect(rowOf(page(name), option)?.[2]?.replaceAll('"', "")).toBe(String(value));
  });
});

describe("costs in capture.md", async () => {
  const { url } = await testDatabase();
  const sent: string[] = [];
  const plain = openClient(url, { statements: sent });
  const bus = openBus(url, { statements: sent });
  type Client = Pick<typeof bus, "user" | "airport">;

  // Each call finds the row that it needs, and leaves it as it was or takes it away.
  const calls: Readonly<Record<string, (client: Client, n: string) => PromiseLike<unknown>>> = {
    create: ({ user }, n) => user.create({ data: { email: `${n}-new` } }),
    update: ({ user }, n) => user.update({ where: { email: n }, data: { name: "other" } }),
    "update that changes nothing": ({ user }, n) =>
      user.update({ where: { email: n }, data: { name: "same" } }),
    "upsert that updates": ({ user }, n) =>
      user.upsert({ where: { email: n }, create: { email: n }, update: { name: "other" } }),
    "upsert that creates": ({ user }, n) =>
      user.upsert({ where: { email: `${n}-new` }, create: { email: `${n}-new` }, update: { name: "other" } }),
    delete: ({ user }, n) => user.delete({ where: { email: n } }),
    createMany: ({ user }, n) => user.createMany({ data: [{ email: `${n}-1` }, { email: `${n}-2` }] }),
    updateMany: ({ user }, n) => user.updateMany({ where: { email: n }, data: { name: "other" } }),
    deleteMany: ({ user }, n) => user.deleteMany({ where: { email: n } }),
    "a model without rules": ({ airport }, n) => airport.create({ data: { iata: n, name: n } }),
  };
  const rows = tablesOf(page("capture.md")).find((table) =>
    table.some(([first]) => first === "a model without rules"),
  );
  // What a client asks once.
  await plain.user.create({ data: { email: "first" } });
  await bus.user.delete({ where: { email: "first" } });

  it("are those of all calls in the list", () => {
    expect(rows?.map(([call]) => call)).toEqual(Object.keys(calls));
  });

  it.each(rows ?? [])("%s: %s alone, %s in a transaction", async (name, alone, inside) => {
    const call = calls[name ?? ""];
    if (call === undefined) throw new Error(`there is no call for "${name}"`);
    const counts: number[] = [];
    const count = async (client: Client, n: string) => {
      sent.length = 0;
      await call(client, n);
      counts.push(sent.length);
    };
    const [a, b, c, d] = ["a", "b", "c", "d"].map((letter) => `${name}-${letter}`) as [
      string,
      string,
      string,
      string,
    ];
    await plain.user.createMany({ data: [a, b, c, d].map((email) => ({ email, name: "same" })) });
    await count(plain as unknown as Client, a);
    await count(bus, b);
    await plain.$transaction((tx) => count(tx as unknown as Client, c));
    await bus.$transaction((tx) => count(tx as unknown as Client, d));
    expect([alone, inside]).toEqual([`${counts[0]} → ${counts[1]}`, `${counts[2]} → ${counts[3]}`]);
  });
});
