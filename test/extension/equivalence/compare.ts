import { beforeEach, expect, it, vi } from "vitest";

import { testDatabase } from "../../support/database.js";
import { type BusClient, openClient } from "../support/clients.js";
import { Ledger } from "../support/ledger.js";
import { outcomeOf } from "../support/outcome.js";
import type { Call } from "./call.js";
import { seed } from "./seed.js";

/** The same client twice, for databases that are the same: without the extension and with it. */
export interface Pair {
  /** Without. */
  plain(url: string): unknown;
  /** With. */
  extended(url: string): unknown;
}

/** For each call a test: result, error and tables are the same with the extension and without. */
export async function comparesCalls(pair: Pair, calls: readonly Call[]): Promise<void> {
  const side = async (open: (url: string) => unknown) => {
    const { url, pool } = await testDatabase();
    const ledger = new Ledger(pool);
    await seed(openClient(url));
    await ledger.keep();
    return { ledger, client: open(url) as BusClient };
  };
  const sides = [await side(pair.plain), await side(pair.extended)] as const;

  beforeEach(async () => {
    // Prisma asks this clock for `now()` and `@updatedAt`.
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-01") });
    for (const { ledger } of sides) await ledger.restore();
    return () => vi.useRealTimers();
  });

  it.each(calls)("%s", async (name, call) => {
    const [without, withIt] = [await observe(sides[0], name, call), await observe(sides[1], name, call)];
    expect(withIt.outcome).toEqual(without.outcome);
    expect(withIt.contents).toEqual(without.contents);
  });
}

/** Rows that are updated come in the order in which PostgreSQL finds them: it puts versions where there is room. */
function inOrder(name: string, result: unknown): unknown {
  if (
    !name.includes("updateManyAndReturn") ||
    !Array.isArray(result) ||
    !result.every((row) => typeof (row as { id?: unknown } | null)?.id === "number")
  )
    return result;
  return result.toSorted((a: { id: number }, b: { id: number }) => a.id - b.id);
}

async function observe(
  side: { readonly ledger: Ledger; readonly client: BusClient },
  name: string,
  call: Call[1],
) {
  const outcome = await outcomeOf(async () => inOrder(name, await call(side.client)));
  return { outcome, contents: await side.ledger.contents() };
}
