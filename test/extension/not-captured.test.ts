import { beforeEach, describe, expect, it } from "vitest";
import { planCall } from "../../src/extension/plan.js";
import type { Bus } from "../../src/extension/prisma/bus.js";
import { type InternalClient, rootOf } from "../../src/extension/prisma/internals.js";
import { type AnyEventType, eventBus } from "../../src/index.js";
import type { Model } from "../../src/models/model.js";
import type { WriteOperation } from "../../src/models/operations.js";
import { readModels } from "../../src/models/read-models.js";
import { resolveBusOptions } from "../../src/registry/capture-rules.js";
import { testDatabase } from "../support/database.js";
import { openClient } from "./support/clients.js";
import { allRules, events } from "./support/events.js";
import { Ledger } from "./support/ledger.js";

const { url, pool } = await testDatabase();
const ledger = new Ledger(pool);
const base = openClient(url);

const id = "0190a000-0000-7000-8000-000000000001";
const { User, Post, Product, Order, Label, Profile } = allRules;
const users = base.$extends(eventBus({ events, capture: { User } }));
const both = base.$extends(eventBus({ events, capture: { User, Post, Profile, Product, Order, Label } }));

const where = { id: 1 };
const email = "new@example.org";
const bob = { email: "bob@example.org" };

beforeEach(async () => {
  await ledger.clear();
  await base.user.create({
    data: { email: "ann@example.org", posts: { create: [{ title: "1" }, { title: "2" }] } },
  });
  await base.user.create({ data: { ...bob, profile: { create: { bio: "b" } } } });
  await base.label.create({ data: { name: "red" } });
  await base.product.create({ data: { sku: "A", title: "Apple", price: 1 } });
  await base.order.create({ data: { id, userId: 1, lines: { create: { sku: "A", quantity: 1 } } } });
});

describe("a write of rows that cannot be told apart", () => {
  // Prisma itself asks for a key of every model; but not every unique index is one.
  const models = [...modelsOf(base).values()].map((model) => ({ ...model, identity: undefined }));
  const bus = {
    options: resolveBusOptions({ events: [User.create] }, undefined),
    models: new Map(),
  } as unknown as Bus;
  const model = models.find(({ name }) => name === "User") as Model;
  const plan = (operation: WriteOperation, event: readonly AnyEventType[]) =>
    planCall(bus, model, operation, {}, { events: event, metadata: undefined, silentOnUpdate: false });

  it.each(["updateMany", "updateManyAndReturn", "deleteMany"] as const)("is refused: %s", (operation) => {
    expect(() => plan(operation, [User.create])).toThrow(/User has neither @id nor.*\$withoutEvents/s);
    expect(() => plan(operation, [User.create])).toThrow(expect.objectContaining({ code: "NOT_CAPTURED" }));
  });

  it("is planned where no event is wanted, and where the rows are new", () => {
    expect(plan("deleteMany", [])).toBeUndefined();
    expect(plan("createMany", [User.create])?.create).toHaveLength(1);
  });
});

describe("a write that touches no captured model", () => {
  it.each<[string, () => PromiseLike<unknown>]>([
    ["in bulk", () => users.post.createMany({ data: [{ title: "x", authorId: 1 }] })],
    ["nested", () => users.order.update({ where: { id }, data: { lines: { deleteMany: {} } } })],
    [
      "connected to a captured row by its own key",
      () => users.post.create({ data: { title: "x", author: { connect: bob } } }),
    ],
    ["a delete whose children are not captured", () => users.user.delete({ where: { id: 2 } })],
    ["a delete of a leaf", () => users.profile.delete({ where })],
    [
      "an update of a key that nobody captured refers to",
      () => users.product.update({ where: { sku: "A" }, data: { sku: "B" } }),
    ],
    ["an update of a unique field that is no key", () => both.user.update({ where, data: { email } })],
    [
      "an update that names its key and does not change it",
      () => both.label.update({ where, data: { id: 1, name: "blue" } }),
    ],
    [
      "an update that names a referred key and does not change it",
      () => both.user.update({ where, data: { id: 1, email } }),
    ],
    ["in bulk, of a model with events but no rule", () => users.post.updateMany({ data: { title: "x" } })],
  ])("is written: %s", async (_, call) => {
    const before = await ledger.contents();
    await call();
    expect(await ledger.contents()).not.toEqual(before);
  });
});

function modelsOf(client: unknown) {
  const root = rootOf(client as InternalClient);
  return readModels(root._runtimeDataModel, root._engineConfig.inlineSchema);
}
