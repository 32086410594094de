import pg from "pg";
import { describe, expect, inject, it } from "vitest";

import { runExample } from "./run-example.js";

const { exitCode, output } = await runExample("examples/shop/demo.ts");
const lines = output.split("\n").map((line) => line.replace(/ +/g, " ").trim());
const indexOf = (text: string) => lines.findIndex((line) => line.includes(text));

describe("the shop", () => {
  it("ends with every delivery made and every balance true", () => {
    expect(exitCode, output).toBe(0);
    expect(lines).toContain("33 of 33 deliveries made, every balance is true");
  });

  it("sums up its events, deliveries and balances", () => {
    expect(lines).toEqual(
      expect.arrayContaining([
        "UserRegistered 3",
        "OrderPlaced 9",
        "PaymentReceived 8",
        "PaymentRefunded 1",
        expect.stringMatching(/^balance-projection 18 18 0 0 0 \d$/),
        expect.stringMatching(/^welcome-mail 4 4 0 0 0 \d$/),
        "Ada 3 3 320.40 320.40 ✓ equal",
      ]),
    );
  });

  it("shows that nothing comes of a mutation that is rolled back, nor of one that changes nothing", () => {
    const follow = (text: string) =>
      lines
        .slice(indexOf(text) + 1)
        .find((line) => /^(event|shop)/.test(line) && !line.includes("because of"));
    expect(follow("declined and rolled back")).toBe("event none");
    expect(follow("without a change")).toBe("event none");
  });

  it("shows a delivery that fails and is made at the second attempt", () => {
    const failed = lines.find((line) => line.includes("The supplier's line is busy"));
    expect(failed).toMatch(/^worker \d supplier #\d+ ✗ attempt 1 failed/);
    expect(indexOf("✓ delivered at attempt 2")).toBeGreaterThan(indexOf("The supplier's line is busy"));
  });

  it("leaves no database behind", async () => {
    const name = /database +(ex_event_bus_shop_\w+)/.exec(output)?.[1];
    const client = new pg.Client({ connectionString: inject("server").url });
    await client.connect();
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    await client.end();
    expect(name).toBeDefined();
    expect(rowCount).toBe(0);
  });
});
