import { expect, it } from "vitest";

import { plainCalls } from "../../src/extension/plain-calls.js";
import { readModels } from "../../src/extension/schema/read-models.js";
import { openClient } from "./support/clients.js";

interface Runtime {
  readonly _runtimeDataModel: Parameters<typeof readModels>[0];
  readonly _engineConfig: { readonly inlineSchema: string };
}

const { _runtimeDataModel, _engineConfig } = openClient("postgresql://nowhere") as unknown as Runtime;
const user = readModels(_runtimeDataModel, _engineConfig.inlineSchema).get("User");
if (user === undefined) throw new Error("There is no model User");
const isPlain = plainCalls(user);

it.each<[string, object]>([
  ["create", { data: { id: 1, email: "a", name: "b" } }],
  ["update", { where: { id: 1 }, data: { name: "b" } }],
  ["updateMany", { data: { name: "b" } }],
  ["upsert", { where: { id: 1 }, create: { email: "a" }, update: { name: "b" } }],
])("a %s that leaves keys alone and writes no other rows is plain", (operation, args) => {
  expect(isPlain(operation, args as never)).toBe(true);
});

it.each<[string, string, object]>([
  ["writes a key", "update", { where: { id: 1 }, data: { id: 2 } }],
  ["writes another unique field", "updateMany", { data: { email: "b" } }],
  ["writes a key", "upsert", { where: { id: 1 }, create: { email: "a" }, update: { email: "b" } }],
  ["writes other rows", "update", { where: { id: 1 }, data: { posts: { deleteMany: {} } } }],
  ["writes other rows", "create", { data: { email: "a", posts: { connect: { id: 1 } } } }],
  ["takes rows away", "delete", { where: { id: 1 } }],
  ["takes rows away", "deleteMany", {}],
  ["names events of its own", "create", { data: { email: "a" }, event: [] }],
  ["has data that is none", "update", { where: { id: 1 }, data: undefined }],
])("one that %s is not: %s", (_, operation, args) => {
  expect(isPlain(operation, args as never)).toBe(false);
});
