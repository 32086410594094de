import type { Model } from "../../models/model.js";
import { LostRace } from "../rows/lost-race.js";
import type { RowLoader } from "../rows/row-loader.js";
import { writtenFields } from "../rows/written-fields.js";
import type { Counts } from "./check-created.js";
import type { AbsentRow, FoundBefore } from "./found-before.js";
import type { NestedItem, NestedNode, NestedRelation } from "./nested-writes.js";
import { relationsIn } from "./relevant-writes.js";

/** What a call writes. */
interface Writes {
  readonly model: Model;
  /** Fields of the call's own row. */
  readonly written: readonly string[];
  /** Through its relations. */
  readonly node: NestedNode | undefined;
}

/**
 * Whether rows that were not there beforehand have stayed away: another transaction may have created one before the
 * call looked for it too, which then has written to it unseen. Where the call has brought rows that are not known, by a
 * trigger, it may be one of those.
 *
 * @throws LostRace when one has come.
 */
export async function checkAbsent(
  loader: RowLoader,
  past: FoundBefore,
  call: Writes,
  { written, unknown }: Counts,
): Promise<void> {
  const absent = past.absent.filter(({ nested: { target } }) => !unknown.has(target));
  // That something was written is asked too: Prisma may leave a write out where it should have failed.
  if (absent.some((one) => written.has(one.nested.target) && mustBeThere(one, call))) throw new LostRace();
  await loader.all(
    absent.map(({ nested: { target: model }, match }) => async () => {
      const found = await loader.find({ model, fields: match.key.fields, keys: [match.texts] });
      if (found.some((row) => past.rows.withAfter(model, row) === undefined)) throw new LostRace();
    }),
  );
}

const FAILS_WITHOUT_ROW = new Set(["update", "delete", "connect"]);

/** Prisma would have refused the call, had the row not come: nothing in the call itself can have brought it. */
function mustBeThere({ nested, item, isReached }: AbsentRow, { model, written, node }: Writes): boolean {
  if (!isReached || !FAILS_WITHOUT_ROW.has(item.operation)) return false;
  // Prisma does not look for a row to which nothing is written, nor always for those that come after it in a list.
  const updates = nested.items.filter(({ operation }) => operation === "update");
  const isIdle = (one: NestedItem) => writtenFields(nested.target, one.data).length === 0;
  if (item.operation === "update" && updates.some(isIdle)) return false;
  const { target } = nested;
  // A key that holds a reference follows the key of another row, and whatever links to it.
  const follows = Array.from(target.relations.values()).some(({ fields }) =>
    overlap(keyFields(target), fields),
  );
  if ((follows || target === model) && overlap(keyFields(model), written)) return false;
  return Array.from(relationsIn(node)).every((other) => {
    const others = other.items.filter((one) => one !== item);
    if (other.target === target && (other.creates !== undefined || (follows && others.some(isLink))))
      return false;
    return (other.target !== target && !follows) || !others.some((one) => writesKey(other, one));
  });
}

function isLink({ effect }: NestedItem): boolean {
  return effect === "link";
}

function writesKey({ target }: NestedRelation, { data }: NestedItem): boolean {
  return overlap(keyFields(target), writtenFields(target, data));
}

function keyFields({ keys }: Model): readonly string[] {
  return keys.flatMap(({ fields }) => fields);
}

function overlap(some: readonly string[], others: readonly string[]): boolean {
  return some.some((one) => others.includes(one));
}
