import { describe, expect, it } from "vitest";
import { encodeEvent } from "../../src/outbox/encode-event.js";
import { EVENT_SIZE } from "../../src/registry/capture-rules.js";
import type { AnyEvent, EventMetadata } from "../../src/registry/event.js";
import { refusal } from "../registry/refusal.js";
import { event } from "./steps.js";

const unlimited = { maxEventBytes: Number.MAX_SAFE_INTEGER };
const bytesOf = (one: AnyEvent) => Buffer.byteLength(encodeEvent(one, unlimited));

describe("encodeEvent", () => {
  it("writes every part of an event, with the hints of each", () => {
    const full: AnyEvent = {
      id: "0190163d-8694-739b-aea5-966c26f8ad91",
      name: "OrderPaid",
      version: 3,
      aggregateType: "Order",
      aggregateKey: '["1","a"]',
      operation: "update",
      aggregate: { id: 1n, total: 2 },
      changes: { total: 2 },
      initialData: { total: -0 },
      metadata: { actor: "admin", nested: { list: [1, null] } },
    };
    expect(JSON.parse(encodeEvent(full, { ...unlimited, sourceSchema: "shop" }))).toEqual({
      ...full,
      aggregate: { id: "1", total: 2 },
      initialData: { total: "-0" },
      sourceSchema: "shop",
      types: { aggregate: { id: "bigint" }, initialData: { total: "float" } },
    });
  });

  it("writes no hints where there are none", () => {
    const json = JSON.parse(encodeEvent(event("E"), unlimited));
    expect([json.types, json.sourceSchema]).toEqual([undefined, null]);
  });

  it("writes an aggregate that is undefined as null", () => {
    expect(JSON.parse(encodeEvent(event("E", { aggregate: undefined }), unlimited)).aggregate).toBeNull();
  });

  it.each<[string, Partial<AnyEvent>, string]>([
    ["the aggregate", { aggregate: { a: [new Map()] } }, "E.aggregate.a[0]"],
    ["the changes", { changes: { a: "\0" } }, "E.changes.a"],
    ["the initial data", { initialData: { "\0": 1 } }, "E.initialData.\0"],
    ["the metadata", { metadata: { actor: (() => 1) as never } }, "E.metadata.actor"],
    ["the key", { aggregateKey: "a\0b" }, "E.aggregateKey"],
    ["the key, half of a surrogate pair", { aggregateKey: "\ud83d" }, "E.aggregateKey"],
  ])("names the path of what it cannot store in %s", (_, parts, path) => {
    const text = refusal(() => encodeEvent(event("E", parts), unlimited));
    expect(text.replace(/: .*$/s, "")).toBe(`VALUE_NOT_STORABLE at ${path}`);
  });

  it.each<[string, unknown]>([
    ["a Date", { at: new Date(0) }],
    ["a bigint", { tenant: 1n }],
    ["bytes", { actor: { key: new Uint8Array([1]) } }],
    ["a number that JSON does not have", { rate: [1, Number.NaN] }],
    ["-0", { rate: -0 }],
  ])("refuses metadata with %s", (_, metadata) => {
    const text = refusal(() => encodeEvent(event("E", { metadata: metadata as EventMetadata }), unlimited));
    expect(text).toMatch(/^VALUE_NOT_STORABLE at E\.metadata.* Expected plain JSON: convert dates, bigints/s);
  });

  it.each<[string, unknown]>([
    ["one byte", "x"],
    ["two bytes", "é"],
    ["three bytes", "€"],
    ["four bytes", "🟤"],
    ["escapes", '"\n\u0001'],
    ["several of these", "aé€🟤".repeat(7)],
  ])("takes just as many bytes as it is allowed, of characters of %s", (_, text) => {
    const one = event("E", { aggregate: { text, number: 1n } });
    const bytes = bytesOf(one);
    expect(encodeEvent(one, { maxEventBytes: bytes })).toBe(encodeEvent(one, unlimited));
    expect(refusal(() => encodeEvent(one, { maxEventBytes: bytes - 1 }))).toMatch(/^EVENT_TOO_LARGE/);
  });

  it("counts everything that is stored", () => {
    const small = bytesOf(event("E"));
    const parts: Partial<AnyEvent>[] = [
      { aggregate: { a: "x" } },
      { changes: { a: "x" } },
      { initialData: { a: "x" } },
      { metadata: { a: "x" } },
      { aggregateKey: "xxx" },
    ];
    for (const part of parts) {
      expect(refusal(() => encodeEvent(event("E", part), { maxEventBytes: small }))).toMatch(
        /^EVENT_TOO_LARGE/,
      );
    }
  });

  it("says which event is too large, how large it is, and what to do", () => {
    const one = event("PhotoTaken", {
      aggregateType: "Photo",
      aggregateKey: "7",
      aggregate: { data: "x".repeat(EVENT_SIZE.defaultsTo) },
    });
    expect(refusal(() => encodeEvent(one, { maxEventBytes: EVENT_SIZE.defaultsTo }))).toBe(
      `EVENT_TOO_LARGE at -: The event PhotoTaken of Photo 7 has ${bytesOf(one)} bytes, expected at most 10485760. ` +
        "Raise maxEventBytes, or keep large values out of the model that is captured.",
    );
  });
});
