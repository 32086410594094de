import type { Model } from "../../models/model.js";
import { countedSince, type TableCounters, tableCounters } from "../../outbox/lock-row.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { executorIn } from "../prisma/own-client.js";
import { LostRace } from "../rows/lost-race.js";
import type { RowLoader } from "../rows/row-loader.js";
import { sourceTable } from "../rows/source-table.js";
import { writtenFields } from "../rows/written-fields.js";
import { type NestedItem, type NestedNode, type NestedRelation, relationsIn } from "./nested-writes.js";
import type { AbsentRow, FoundBefore, TouchedRow } from "./touched-rows.js";

/** The fields that a call writes to its own row, and its nested writes. */
interface CallWrites {
  readonly model: Model;
  readonly written: readonly string[];
  readonly node: NestedNode | undefined;
}

/**
 * Checks that no other transaction created a row that was missing before the call: the call would have written to it,
 * and its old values are not known.
 *
 * @throws LostRace when one did.
 */
export async function checkMissing(
  bus: Bus,
  transaction: TransactionHandle,
  loader: RowLoader,
  found: FoundBefore,
  call: CallWrites,
  counters: readonly TableCounters[],
): Promise<void> {
  const counts = await checkCreated(bus, transaction, found, counters);
  await checkAbsent(loader, found, call, counts);
}

/** What PostgreSQL has counted of the models in {@link FoundBefore.missing}. No statement when there are none. */
export async function countersOfMissing(
  bus: Bus,
  transaction: TransactionHandle,
  { missing }: FoundBefore,
): Promise<readonly TableCounters[]> {
  if (missing.size === 0) return [];
  const tables = await Promise.all(Array.from(missing, (model) => sourceTable(bus, model)));
  return tableCounters(executorIn(bus.root, transaction), tables);
}

/** What a call did to the models in {@link FoundBefore.missing}, as PostgreSQL counted. */
interface Counts {
  /** The models of which rows were changed or deleted. */
  readonly written: ReadonlySet<Model>;
  /** The models that got rows beside those that are known as created, from a trigger for example. */
  readonly unknown: ReadonlySet<Model>;
}

/**
 * Compares how many rows look created with how many PostgreSQL inserted: the call may have changed a row of another
 * transaction.
 */
async function checkCreated(
  bus: Bus,
  transaction: TransactionHandle,
  found: FoundBefore,
  counters: readonly TableCounters[],
): Promise<Counts> {
  const now = await countersOfMissing(bus, transaction, found);
  const [written, unknown] = [new Set<Model>(), new Set<Model>()];
  Array.from(found.missing).forEach((model, at) => {
    const [before, after] = [counters[at], now[at]];
    if (before === undefined || after?.ex_event_bus_counts !== true) {
      written.add(model);
      return;
    }
    const created = BigInt(found.rows.all().filter((one) => one.model === model && isCreated(one)).length);
    const inserted = countedSince(before, after, "inserted");
    if (inserted < created) throw new LostRace();
    if (inserted > created) unknown.add(model);
    if (countedSince(before, after, "updated") + countedSince(before, after, "deleted") > 0n)
      written.add(model);
  });
  return { written, unknown };
}

function isCreated({ before, after }: TouchedRow): boolean {
  return before === undefined && after !== undefined;
}

/**
 * Looks for the rows that the call names and that were absent. Models with unknown rows are left out: a trigger of
 * the call may have created the row that is found.
 */
async function checkAbsent(
  loader: RowLoader,
  found: FoundBefore,
  call: CallWrites,
  { written, unknown }: Counts,
): Promise<void> {
  const absent = found.absent.filter(({ nested: { target } }) => !unknown.has(target));
  // Only where something was written: Prisma may leave a write out where it should have failed.
  if (absent.some((one) => written.has(one.nested.target) && mustBeThere(one, call))) throw new LostRace();
  await loader.all(
    absent.map(({ nested: { target: model }, match }) => async () => {
      const rows = await loader.find({ model, fields: match.key.fields, keys: [match.texts] });
      if (rows.some((row) => found.rows.withAfter(model, row) === undefined)) throw new LostRace();
    }),
  );
}

const FAILS_WITHOUT_ROW = new Set(["update", "delete", "connect"]);

/** Whether Prisma would have refused the call without the row, and nothing in the call itself can have created it. */
function mustBeThere({ nested, item, isReached }: AbsentRow, { model, written, node }: CallWrites): boolean {
  if (!isReached || !FAILS_WITHOUT_ROW.has(item.operation)) return false;
  // Prisma does not look for a row to which nothing is written, nor always for those after it in a list.
  const updates = nested.items.filter(({ operation }) => operation === "update");
  const isIdle = (one: NestedItem) => writtenFields(nested.target, one.data).length === 0;
  if (item.operation === "update" && updates.some(isIdle)) return false;
  const { target } = nested;
  // A key that holds a reference changes with the key of another row, and when rows are linked.
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
