import { expect, it } from "vitest";

import { type Found, RowLoader, type RowQuery } from "../../src/extension/rows/row-loader.js";
import { modelsOf } from "../support/ground-truth.js";
import { openClient } from "./support/clients.js";

const model = modelsOf(openClient("postgresql://localhost/none")).get("Team");
if (model === undefined) throw new Error("no model Team");
const query = (...ids: string[]): RowQuery => ({ model, fields: ["id"], keys: ids.map((id) => [id]) });

/** A loader that notes which keys each statement asks for, and whether two are under way at once. */
function loader(answer: (ids: readonly string[]) => Promise<Found>) {
  const statements: string[] = [];
  let underWay = 0;
  const rows = new RowLoader(async ({ keys }) => {
    const ids = keys.map(([id = ""]) => id);
    statements.push(`${underWay > 0 ? "beside another: " : ""}${ids.join()}`);
    underWay += 1;
    try {
      return await answer(ids);
    } finally {
      underWay -= 1;
    }
  });
  return { rows, statements };
}

const found = async (ids: readonly string[]): Promise<Found> => ids.map((id, key) => ({ key, row: { id } }));

it("what flows want at the same moment is one statement, also after inner flows have ended", async () => {
  const { rows, statements } = loader(found);
  const answers = await rows.all([
    async () => {
      await rows.all([() => rows.find(query("a")), () => rows.find(query("b"))]);
      return rows.find(query("c"));
    },
    async () => {
      await rows.find(query("a"));
      return rows.find(query("d", "e"));
    },
  ]);
  expect(statements).toEqual(["a,b", "d,e,c"]);
  expect(answers).toEqual([[{ id: "c" }], [{ id: "d" }, { id: "e" }]]);
});

it("flows whose statement fails have one failure, and send nothing after it", async () => {
  const { rows, statements } = loader(async (ids) => {
    if (ids.includes("b")) throw new Error("refused");
    return found(ids);
  });
  const failing = rows.all([
    async () => {
      await rows.all([() => rows.find(query("a"))]);
      return rows.find(query("b"));
    },
    async () => {
      await rows.find(query("a"));
      await rows.find(query("c"));
      return rows.find(query("d"));
    },
  ]);
  await expect(failing).rejects.toThrow("refused");
  expect(statements).toEqual(["a", "c,b"]);
});
