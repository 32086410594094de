import { expect, it } from "vitest";
import { loadCatalog } from "../../src/extension/catalog/catalog.js";
import { plainCalls } from "../../src/extension/plan.js";
import type { Bus } from "../../src/extension/prisma/bus.js";
import { type InternalClient, rootOf } from "../../src/extension/prisma/internals.js";
import type { Model } from "../../src/models/model.js";
import type { WriteOperation } from "../../src/models/operations.js";
import { readModels } from "../../src/models/read-models.js";
import { resolveBusOptions } from "../../src/registry/capture-rules.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";

const { url } = await testDatabase();

/** A bus with rules for some models only. */
function busWith(models: readonly string[]): Bus {
  const client = openClient(url) as unknown as InternalClient;
  const root = rootOf(client);
  const capture = Object.fromEntries(Object.entries(allRules).filter(([model]) => models.includes(model)));
  const read = readModels(root._runtimeDataModel, root._engineConfig.inlineSchema);
  const options = resolveBusOptions({ events, capture } as never, Array.from(read.keys()));
  return { options, models: read, root, client };
}

function user({ models }: Bus): Model {
  const model = models.get("User");
  if (model === undefined) throw new Error("There is no model User");
  return model;
}

const toPosts = busWith(["Post"]);
const isPlain = plainCalls(toPosts, user(toPosts));
const toNobody = busWith(["Setting"]);
const isPlainToNobody = plainCalls(toNobody, user(toNobody));

it("is told of updates and deletes only when it is known who refers to the table", async () => {
  const args = { where: { id: 1 }, data: { name: "b" } };
  expect([isPlain("update", args), isPlain("delete", {})]).toEqual([false, false]);
  await loadCatalog(toPosts, undefined);
  await loadCatalog(toNobody, undefined);
  expect(isPlain("update", args)).toBe(true);
});

it.each<[WriteOperation, object]>([
  ["create", { data: { id: 1, email: "a", name: "b" } }],
  ["createMany", { data: [{ email: "a" }] }],
  ["update", { where: { id: 1 }, data: { name: "b" } }],
  ["updateMany", { data: { name: "b" } }],
  ["updateMany", { data: { email: "b" } }],
  ["upsert", { where: { id: 1 }, create: { email: "a" }, update: { name: "b" } }],
])(
  "a %s that leaves keys alone that others refer to, and writes no other rows, is plain",
  (operation, args) => {
    expect(isPlain(operation, args as never)).toBe(true);
  },
);

it.each<[string, WriteOperation, object]>([
  ["writes a key", "update", { where: { id: 1 }, data: { id: 2 } }],
  ["writes a key", "upsert", { where: { id: 1 }, create: { email: "a" }, update: { id: 3 } }],
  ["writes other rows", "update", { where: { id: 1 }, data: { posts: { deleteMany: {} } } }],
  ["writes other rows", "create", { data: { email: "a", posts: { connect: { id: 1 } } } }],
  ["takes rows away", "delete", { where: { id: 1 } }],
  ["takes rows away", "deleteMany", {}],
  ["names events of its own", "create", { data: { email: "a" }, event: [] }],
  ["has data that is none", "update", { where: { id: 1 }, data: undefined }],
])("one that %s is not: %s", (_, operation, args) => {
  expect(isPlain(operation, args as never)).toBe(false);
});

it.each<[WriteOperation, object]>([
  ["update", { where: { id: 1 }, data: { id: 2 } }],
  ["delete", { where: { id: 1 } }],
  ["deleteMany", {}],
])("a %s from which PostgreSQL goes on to no rule is plain", (operation, args) => {
  expect(isPlainToNobody(operation, args as never)).toBe(true);
});
