import { beforeAll, beforeEach } from "vitest";

import { testDatabase } from "../../support/database.js";
import { openClient } from "../support/clients.js";
import { Ledger } from "../support/ledger.js";
import { groundTruth, openTeams, seed } from "./fixture.js";

/** A database with the rows of the fixture, which each test finds as they were, and what watches it. */
export async function seededTeams({
  statements,
  max,
}: {
  readonly statements?: string[];
  readonly max?: number;
} = {}) {
  const { url, pool } = await testDatabase();
  const ledger = new Ledger(pool);
  const base = openClient(url, statements === undefined ? {} : { statements });
  const prisma = openTeams(url, max === undefined ? {} : { max });
  const truth = await groundTruth(pool, base);
  beforeAll(async () => {
    await seed(base);
    await ledger.keep();
  });
  beforeEach(async () => {
    await ledger.restore();
    await truth.clear();
  });
  return { url, pool, ledger, base, prisma, truth };
}
