import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll } from "vitest";

import { decode } from "../../src/codec/decode.js";
import { eventBus, eventsFor } from "../../src/index.js";
import { closeLater } from "../extension/support/clients.js";
import type { AnyClient } from "../extension/support/own-schema.js";
import { testDatabase } from "../support/database.js";
import { generateClient } from "../support/schema-client.js";
import { describeEnvelope, type Engine, MOOD, tables } from "./describe-envelope.js";
import type { FixtureTable } from "./envelope-case.js";

const database = await testDatabase();
const { module, remove } = generateClient([MOOD, ...tables.map(({ prisma }) => prisma)].join("\n\n"));
afterAll(remove);

describeEnvelope(database, async (): Promise<Engine> => {
  const adapter = new PrismaPg({ connectionString: database.url });
  const base = closeLater(new module.PrismaClient({ adapter }) as AnyClient);
  const prisma = base.$extends(eventBus(options() as never));
  const delegate = (client: AnyClient, model = "") => client[model.charAt(0).toLowerCase() + model.slice(1)];
  return {
    async run({ prisma: { model, method, args, types } }) {
      await delegate(prisma, model)?.[method]?.(withNulls(decode(args, types, "args")) as object);
    },
    async read(model) {
      return (await delegate(base, model)?.["findMany"]?.()) as readonly unknown[];
    },
  };
});

/** Prisma's own value for the null of JSON. */
function withNulls(value: unknown): unknown {
  if (value === "JsonNull") return module.Prisma["JsonNull"];
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withNulls(item)]));
}

/** Rules for every operation of every table. */
function options(): object {
  const { defineEvent } = eventsFor() as unknown as { defineEvent(name: string, options: object): unknown };
  const rulesOf = ({ model, capture }: FixtureTable) => {
    const masks = Object.entries(capture?.mask ?? {}).map(([field, text]) => [field, () => text]);
    const events = ["create", "update", "delete"].map((operation) => [
      operation,
      defineEvent(`${model}.${operation}`, { model }),
    ]);
    return { ...Object.fromEntries(events), omit: capture?.omit ?? [], mask: Object.fromEntries(masks) };
  };
  const capture = Object.fromEntries(tables.map((table) => [table.model, rulesOf(table)]));
  const events = Object.values(capture).flatMap(({ create, update, delete: gone }) => [create, update, gone]);
  return { events, capture };
}
