import { PrismaPg } from "@prisma/adapter-pg";
import { beforeAll, describe, expect, it } from "vitest";
import { PrismaClient } from "../../prisma/generated/client/client.js";
import { PrismaClient as LegacyClient } from "../../prisma/generated/client-js/index.js";
import { isEventBusError } from "../../src/errors.js";
import { type RuntimeDataModel, readModels } from "../../src/models/read-models.js";
import { type DataModel, dataModelOfOurSchema, readAnswer } from "./ask-prisma.js";
import { expectedModels, plain } from "./expected-models.js";

interface ClientInternals {
  readonly _runtimeDataModel: RuntimeDataModel;
  readonly _engineConfig: { readonly inlineSchema: string };
}

const nasty = readAnswer("nasty");
const spaced = readAnswer("spaced");
const partial = readAnswer("partial-index");
let ours: DataModel;
beforeAll(async () => {
  ours = await dataModelOfOurSchema();
});

describe("readModels", () => {
  it.each([
    ["prisma-client", () => new PrismaClient({ adapter: new PrismaPg("") })],
    ["prisma-client-js", () => new LegacyClient({ adapter: new PrismaPg("") })],
  ])("reads our own schema from a client of %s as Prisma does", (_, connect) => {
    const { _runtimeDataModel, _engineConfig } = connect() as unknown as ClientInternals;
    expect(plain(readModels(_runtimeDataModel, _engineConfig.inlineSchema))).toEqual(expectedModels(ours));
  });

  it("reads a schema full of traps as Prisma does", () => {
    const models = readModels(nasty.runtime, nasty.schema);
    expect(plain(models)).toEqual(expectedModels(nasty.dataModel));
    expect(Array.from(models.values()).filter((model) => model.isView)).toMatchObject([
      { name: "Summary" },
      { name: "Loose" },
    ]);
  });

  it("reads white space wherever Prisma allows it", () => {
    expect(plain(readModels(spaced.runtime, spaced.schema))).toEqual(expectedModels(spaced.dataModel));
  });

  it("takes no unique index that covers only some of the rows for a key", () => {
    expect(plain(readModels(partial.runtime, partial.schema))).toEqual(expectedModels(partial.dataModel));
  });

  it.each<[string, (schema: string) => string]>([
    ["ends of lines as on Windows", (schema) => schema.replaceAll("\n", "\r\n")],
    ["no indentation", (schema) => schema.replace(/^[ \t]+/gm, "")],
    ["tabs for indentation", (schema) => schema.replace(/^[ \t]+/gm, "\t\t")],
    ["empty lines everywhere", (schema) => schema.replaceAll("\n", "\n\n \n")],
    ["a comment behind every line", (schema) => schema.replace(/(?<![*/].*)$/gm, ' // } " @id @@map("x")')],
    ["a comment in front of every line", (schema) => schema.replaceAll("\n", '\n/// model X { " }\n')],
  ])("reads the same with %s", (_, change) => {
    const { _runtimeDataModel: runtime, _engineConfig } = new PrismaClient({
      adapter: new PrismaPg(""),
    }) as unknown as ClientInternals;
    const text = change(_engineConfig.inlineSchema);
    expect(text).not.toBe(_engineConfig.inlineSchema);
    expect(plain(readModels(runtime, text))).toEqual(expectedModels(ours));
  });

  it("knows only what the client knows", () => {
    const models = readModels(nasty.runtime, nasty.schema);
    expect(models.has("Log")).toBe(false);
    const person = models.get("Person");
    for (const hidden of ["secret", "oldKey", "photo", "place", "route"]) {
      expect(person?.scalars.has(hidden)).toBe(false);
    }
    expect(person?.keys.map((key) => key.name)).toEqual(["id", "email", "alias"]);
  });

  it.each<[string, RuntimeDataModel, string]>([
    ["a model", { models: { Comet: { fields: [] } } }, "model Comet"],
    ["a field", withField({ name: "tail", kind: "scalar", type: "Int" }), "field User.tail"],
    ["a type", withField({ name: "name", kind: "scalar", type: "Int" }), "field User.name"],
    ["an enum", withField({ name: "name", kind: "enum", type: "String" }), "enum String"],
  ])("refuses a client and a schema that do not agree on %s", (_, runtime, what) => {
    const schema = "model User {\n  id Int @id\n  name String\n}\n";
    const error = caught(() => readModels(runtime, schema));
    expect(isEventBusError(error, "PRISMA_INCOMPATIBLE")).toBe(true);
    expect(error).toMatchObject({ value: what, message: expect.stringContaining(what) });
  });
});

function withField(field: RuntimeDataModel["models"][string]["fields"][number]): RuntimeDataModel {
  return { models: { User: { fields: [field] } } };
}

function caught(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}
