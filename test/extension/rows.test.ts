import { beforeEach, describe, expect, it } from "vitest";

import type { Row } from "../../src/changes/diff.js";
import type { Bus } from "../../src/extension/prisma/bus.js";
import { type InternalClient, ownTransactionOf, rootOf } from "../../src/extension/prisma/internals.js";
import { ROWS_PER_STATEMENT, readRows } from "../../src/extension/rows/read-rows.js";
import type { Model } from "../../src/models/model.js";
import { readModels } from "../../src/models/read-models.js";
import { resolveBusOptions } from "../../src/registry/capture-rules.js";
import { testDatabase } from "../support/database.js";
import { everything } from "./equivalence/seed.js";
import { openClient } from "./support/clients.js";
import { Ledger } from "./support/ledger.js";
import { rowsByModel } from "./support/unusual-rows.js";

const { url, pool } = await testDatabase();
const statements: string[] = [];
const base = openClient(url, { statements });
const root = rootOf(base as unknown as InternalClient);
const bus: Bus = {
  options: resolveBusOptions({ events: [] }, undefined),
  models: readModels(root._runtimeDataModel, root._engineConfig.inlineSchema),
  root,
  client: root,
};

type Wanted = Omit<Parameters<typeof readRows>[2], "model"> & { readonly model: string };

function modelOf(name: string): Model {
  const model = bus.models.get(name);
  if (model === undefined) throw new Error(`there is no model ${name}`);
  return model;
}

/** Reads rows in a transaction; `meanwhile` runs while it is open. */
function read(wanted: Wanted, meanwhile?: () => Promise<unknown>): Promise<readonly Row[]> {
  return base.$transaction(async (tx) => {
    const transaction = ownTransactionOf(tx as unknown as InternalClient);
    const rows = await readRows(bus, transaction, { ...wanted, model: modelOf(wanted.model) });
    await meanwhile?.();
    return rows;
  });
}

beforeEach(() => new Ledger(pool).clear());

describe("readRows", () => {
  it.each(Object.entries(rowsByModel))("finds rows of %s by their key, in its order", async (name, rows) => {
    const { jsName, identity } = modelOf(name);
    const table = (base as unknown as Readonly<Record<string, Table>>)[jsName];
    await table?.createMany({ data: [...rows].reverse() });
    const all =
      (await table?.findMany({ orderBy: (identity?.fields ?? []).map((by) => ({ [by]: "asc" })) })) ?? [];
    expect(all).toHaveLength(rows.length);
    const wanted = { model: name, by: identity?.fields ?? [], lock: "update" } as const;
    expect(await read({ ...wanted, among: all })).toEqual(all);
    expect(await read({ ...wanted, among: all.slice(1, 2) })).toEqual(all.slice(1, 2));
  });

  it("finds rows by columns that are no key, and leaves out what has null in them", async () => {
    await base.user.createMany({
      data: [{ email: "a" }, { email: "b", name: "B" }, { email: "c", name: "B" }],
    });
    const rows = await read({
      model: "User",
      by: ["name"],
      among: [{ name: "B" }, { name: null }, { name: "B" }],
    });
    expect(rows.map(({ email }) => email)).toEqual(["b", "c"]);
    expect(
      await read({ model: "User", by: ["name", "role"], among: [{ name: "B", role: "ADMIN" }] }),
    ).toEqual([]);
  });

  it("reads every type as Prisma does", async () => {
    await base.everything.create({ data: everything });
    expect(await read({ model: "Everything", by: ["id"], among: [{ id: 1 }] })).toEqual(
      await base.everything.findMany(),
    );
  });

  it("asks for so many rows at a time", async () => {
    const data = Array.from({ length: ROWS_PER_STATEMENT + 1 }, (_, index) => ({ email: `${index}` }));
    await base.user.createMany({ data });
    statements.length = 0;
    const among = data.map((_, index) => ({ id: index + 1 }));
    const rows = await read({ model: "User", by: ["id"], among });
    expect(rows.map(({ id }) => id)).toEqual(among.map(({ id }) => id));
    expect(statements.filter((text) => text.startsWith("select"))).toHaveLength(2);
    statements.length = 0;
    expect(await read({ model: "User", by: ["id"], among: [] })).toEqual([]);
    expect(statements).toEqual(["BEGIN", "COMMIT"]);
  });

  it.each([
    [undefined, true, true],
    ["no key update", false, true],
    ["update", false, false],
  ] as const)("locks with %s", async (lock, canUpdate, canRefer) => {
    await base.user.create({ data: { email: "a" } });
    const canLock = async (strength: string) => {
      const { rows } = await pool.query(`select from users for ${strength} skip locked`);
      return rows.length === 1;
    };
    await read({ model: "User", by: ["id"], among: [{ id: 1 }], lock }, async () => {
      expect(await canLock("no key update")).toBe(canUpdate);
      expect(await canLock("key share")).toBe(canRefer);
    });
  });
});

interface Table {
  createMany(args: object): Promise<unknown>;
  findMany(args: object): Promise<readonly Row[]>;
}
