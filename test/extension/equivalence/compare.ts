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

  it.each(calls)("%s", async (_, call) => {
    const [without, withIt] = [await observe(sides[0], call), await observe(sides[1], call)];
    expect(withIt.outcome).toEqual(without.outcome);
    expect(withIt.contents).toEqual(without.contents);
  });
}

async function observe(side: { readonly ledger: Ledger; readonly client: BusClient }, call: Call[1]) {
  const outcome = await outcomeOf(() => call(side.client));
  return { outcome, contents: await side.ledger.contents() };
}
