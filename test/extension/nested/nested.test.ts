import { describe, expect, it } from "vitest";

import { outcomeOf } from "../support/outcome.js";
import {
  type Case,
  children,
  deep,
  manyToMany,
  oneToOne,
  parents,
  references,
  refused,
  special,
} from "./cases.js";
import type { Db } from "./fixture.js";
import { seededTeams } from "./teams.js";

const { ledger, base, prisma, truth } = await seededTeams();

const groups: readonly (readonly [string, readonly Case[]])[] = [
  ["children", children],
  ["one to one", oneToOne],
  ["parents", parents],
  ["many to many", manyToMany],
  ["special keys", special],
  ["deep", deep],
  ["referential actions", references],
  ["refused by Prisma", refused],
];

describe.each(groups)("nested writes, %s:", (_, cases) => {
  it.each(cases)("%s", async (_name, call) => {
    const plain = withoutTimes(await outcomeOf(() => call(base as unknown as Db)));
    const plainContents = withoutTimes(await ledger.contents());
    const plainChanges = await truth.changes();
    await ledger.restore();
    await truth.clear();

    expect(withoutTimes(await outcomeOf(() => call(prisma)))).toEqual(plain);
    expect(withoutTimes(await ledger.contents())).toEqual(plainContents);
    const changes = await truth.changes();
    expect(changes.length).toBe(plainChanges.length);
    expect(await truth.told(await ledger.events())).toEqual(changes);
  });
});

/** When rows were written is not the same twice. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replace(/20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z?/g, "<time>"));
}
