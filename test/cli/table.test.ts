import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";

import { DISPENSABLE, deadRow, deliveryRow } from "../../src/cli/delivery-rows.js";
import { displayWidth } from "../../src/cli/display-width.js";
import { tableOf } from "../../src/cli/table.js";
import type { Delivery } from "../../src/outbox/find-deliveries.js";

const delivery: Delivery = {
  eventId: "019caddf-9f28-7c5d-8f54-2c1b7cf2a0de",
  position: 1234,
  eventName: "SubscriptionRenewalFailed",
  aggregateType: "User",
  aggregateKey: "42",
  occurredAt: new Date(0),
  subscriber: "send-welcome-email",
  application: "default",
  subscriptionId: 1,
  state: "dead",
  attempts: 20,
  errors: [{ attempt: 20, name: "Error", message: `no ${"mail server ".repeat(30)}`, at: "" }],
  errorCount: 20,
  reason: null,
  dueAt: null,
  finishedAt: new Date(0),
};
/** Without the colours of the headings: `CI` and `FORCE_COLOR` switch them on. */
const linesOf = (text: string) => stripVTControlCharacters(text).split("\n");

describe("tableOf", () => {
  it("has numbers on the right, and nothing at the ends of lines", () => {
    const rows = [
      { n: 1, name: "a", more: "" },
      { n: 1000, name: "bcdefg", more: "x" },
    ];
    expect(linesOf(tableOf(rows))).toEqual(["   n  name    more", "   1  a", "1000  bcdefg  x"]);
  });

  it("takes a column for one of numbers only where it has some, and nothing else", () => {
    expect(
      linesOf(
        tableOf([
          { a: null, b: 1 },
          { a: "", b: "x" },
        ]),
      ),
    ).toEqual(["a  b", "   1", "   x"]);
    expect(linesOf(tableOf([{ age: 1 }, { age: null }, { age: 20 }]))).toEqual(["age", "  1", "", " 20"]);
  });

  it("spares an id before a text is cut much, and cuts no column that is to be whole", () => {
    const look = { dispensable: DISPENSABLE, whole: ["subscriber"] };
    const subscriber = "notify-crm-of-renewals-that-failed";
    const headAt = (width: number) => {
      const [head = "", row = ""] = linesOf(
        tableOf([{ ...deliveryRow(delivery), subscriber }], { ...look, width }),
      );
      expect(displayWidth(row)).toBeLessThanOrEqual(width);
      expect(row).toContain(` ${subscriber} `);
      return head.split(/ {2,}/);
    };
    const [all, few] = [headAt(200), headAt(80)];
    expect(all).toContain("event id");
    expect(headAt(180)).toEqual(all.filter((name) => name !== "event id"));
    expect(few).toEqual(["position", "event", "subscriber", "state", expect.stringMatching(/^last error/)]);
  });

  it.each([70, 80, 100, 120, 160, 200])("fits into %d characters, with what decides", (width) => {
    for (const toRow of [deliveryRow, deadRow]) {
      const lines = linesOf(tableOf([toRow(delivery)], { width, dispensable: DISPENSABLE }));
      const [head = "", row = ""] = lines;
      expect(Math.max(head.length, row.length)).toBeLessThanOrEqual(width);
      expect(row).toContain("1234");
      expect(row).toContain("User 42");
      expect(row.includes(delivery.eventId)).toBe(/\bid\b/.test(head));
      expect(row).toContain("Error: no m");
      const leftOut = DISPENSABLE.filter(
        (name) => Object.hasOwn(toRow(delivery), name) && !head.includes(name),
      );
      expect(lines[2]).toBe(
        leftOut.length === 0 ? undefined : `(no room for: ${leftOut.join(", ")}; --json prints everything)`,
      );
    }
  });

  it.each([80, 160])("counts what a terminal of %d cells shows, not characters", (width) => {
    const rows = [
      { key: "plain", text: "mail server ".repeat(20), l: "|" },
      { key: "山田太郎", text: "メールサーバーが応答しません。".repeat(10), l: "|" },
      { key: "zoe\u0308", text: "e\u0301".repeat(200), l: "|" },
      { key: "👩‍👩‍👧‍👦", text: "👍🏽🇩🇪⚠️".repeat(50), l: "|" },
      { key: "각", text: "한국어".repeat(60), l: "|" },
      { key: "short", text: "日", l: "|" },
    ];
    const [, ...lines] = linesOf(tableOf(rows, { width }));
    expect(lines.map((line) => displayWidth(line))).toEqual(rows.map(() => width));
    expect(lines.map((line) => displayWidth(line.slice(0, line.indexOf("  "))))).toEqual([5, 8, 3, 2, 2, 5]);
    // Half of an ideograph cannot be shown: a cell stays empty.
    for (const line of lines.slice(0, 5)) expect(line).toMatch(/… {2,3}\|$/);
    expect(lines.join("")).not.toMatch(/\p{Surrogate}/u);
    // The column before it is as wide as the widest key.
    const starts = lines.map((line) => /^\S+ +/.exec(line)?.[0] ?? "");
    expect(starts.map(displayWidth)).toEqual(rows.map(() => 10));
  });

  it("cuts nothing where there is room, or no terminal", () => {
    const whole = tableOf([deliveryRow(delivery)]);
    expect(whole).toContain("mail server ".repeat(30).trimEnd());
    expect(whole).not.toContain("…");
    expect(tableOf([deliveryRow(delivery)], { width: 1_000, dispensable: DISPENSABLE })).toBe(whole);
  });

  it("never cuts numbers and times, however narrow it is", () => {
    const rows = [{ n: 123_456_789, at: new Date(0), text: "x".repeat(50) }];
    const [, row] = linesOf(tableOf(rows, { width: 20 }));
    expect(row).toBe("123456789  1970-01-01T00:00:00.000Z  xxxxxxxxxxx…");
  });

  it("keeps what others wrote in one line, without commands to the terminal", () => {
    const text = tableOf([{ error: "\u001b[31mred\u001b[0m\r\n\tnext\u0007\u009b2J" }]);
    expect(linesOf(text)[1]).toBe("red next");
  });

  it("colours the text of a cell alone", () => {
    const colour = (column: string, value: unknown) =>
      column === "state" && value === "dead" ? (text: string) => `<${text}>` : undefined;
    const rows = [
      { state: "dead", n: 1 },
      { state: "delivered", n: 2 },
    ];
    expect(linesOf(tableOf(rows, { colour }))).toEqual(["state      n", "<dead>       1", "delivered  2"]);
  });
});
