import { describe, expect, it } from "vitest";
import { nestedWrites } from "../../src/extension/relations/nested-writes.js";
import { relevantWrites } from "../../src/extension/relations/relevant-writes.js";
import { readModels } from "../../src/models/read-models.js";
import type { ModelRules } from "../../src/registry/capture-rules.js";
import { defineEvent } from "./support/events.js";

// In an optional one-to-one relation Prisma takes the reference from the row that has it.
const schema = `
model Doc {
  id       Int  @id
  optional Int? @unique
  required Int  @unique
  many     Int?
  a Holder? @relation("a", fields: [optional], references: [id])
  b Holder  @relation("b", fields: [required], references: [id])
  c Holder? @relation("c", fields: [many], references: [id])
}
model Holder {
  id Int @id
  a  Doc?  @relation("a")
  b  Doc?  @relation("b")
  c  Doc[] @relation("c")
}
`;
const scalar = (name: string) => ({ name, kind: "scalar", type: "Int" });
const relation = (name: string, type: string) => ({ name, kind: "object", type, relationName: name });
const models = readModels(
  {
    models: {
      Doc: {
        fields: [
          ...["id", "optional", "required", "many"].map(scalar),
          ...["a", "b", "c"].map((name) => relation(name, "Holder")),
        ],
      },
      Holder: { fields: [scalar("id"), ...["a", "b", "c"].map((name) => relation(name, "Doc"))] },
    },
  },
  schema,
);
const rule = { event: defineEvent("Changed", { model: "User" }), when: undefined };
const rules = new Map<string, ModelRules>([["Doc", { create: [rule], update: [rule], delete: [] }]]);

function reached(data: object): readonly string[] {
  const doc = models.get("Doc");
  if (doc === undefined) throw new Error("expected the model Doc");
  const all = nestedWrites(models, doc, data);
  const node = all && relevantWrites({ rules, setsOffActions: () => false }, all, true);
  return node?.relations.map((nested) => nested.relation.name) ?? [];
}

describe("connecting where the model itself holds the reference", () => {
  it("reaches further when it takes the reference from another captured row", () => {
    expect(reached({ a: { connect: { id: 1 } } })).toEqual(["a"]);
    expect(reached({ a: { connectOrCreate: { where: { id: 1 }, create: { id: 1 } } } })).toEqual(["a"]);
  });

  it("reaches no further when no other row can lose its reference", () => {
    expect(reached({ b: { connect: { id: 1 } } })).toEqual([]);
    expect(reached({ c: { connect: { id: 1 } } })).toEqual([]);
    expect(reached({ a: { disconnect: true } })).toEqual([]);
  });
});
