import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineEvent } from "../../src/registry/define-event.js";
import { validateAggregate } from "../../src/registry/validate-aggregate.js";
import { Counted, UserRegistered } from "./event-types.js";
import { laterRefusal } from "./refusal.js";

describe("validateAggregate", () => {
  it("returns what the schema returns", async () => {
    expect(await validateAggregate(Counted, "12")).toBe(12);
  });

  it("awaits schemas that answer later", async () => {
    const schema = z.string().transform(async (text) => text.length);
    expect(await validateAggregate(defineEvent("A", { schema }), "four")).toBe(4);
  });

  it("returns a row as it is", async () => {
    const row = { id: 1 };
    expect(await validateAggregate(UserRegistered, row)).toBe(row);
  });

  it("refuses what does not fit, naming every issue and its place", async () => {
    expect(await laterRefusal(() => validateAggregate(Counted, "x"))).toBe(
      "INVALID_AGGREGATE at aggregate: the aggregate of Counted does not fit its schema: expected digits",
    );
    const schema = z.object({ id: z.string(), lines: z.array(z.object({ sku: z.string() })) });
    const aggregate = { id: 1, lines: [{ sku: "a" }, { sku: 2 }] };
    expect(await laterRefusal(() => validateAggregate(defineEvent("A", { schema }), aggregate))).toBe(
      "INVALID_AGGREGATE at aggregate: the aggregate of A does not fit its schema: " +
        "id: Invalid input: expected string, received number; lines.1.sku: Invalid input: expected string, received number",
    );
  });

  it("reads the paths of every library", async () => {
    const schema = v.object({ a: v.object({ b: v.string() }) });
    expect(await laterRefusal(() => validateAggregate(defineEvent("A", { schema }), { a: { b: 1 } }))).toBe(
      "INVALID_AGGREGATE at aggregate: the aggregate of A does not fit its schema: " +
        "a.b: Invalid type: Expected string but received 1",
    );
  });
});
