import { notShown } from "../../capture/not-captured.js";
import type { RowChange } from "../../capture/row-change.js";
import type { Row } from "../../changes/diff.js";
import { aggregateKeyOf, identityOf, keyTexts } from "../../models/row-key.js";
import { storedOf } from "../../models/stored-row.js";
import { knownCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { selectsRelations } from "../prisma/selection.js";
import { readRelatedAfter } from "../relations/read-related.js";
import { relatedChanges } from "../relations/related-changes.js";
import { lookUp } from "../rows/look-up.js";
import { LostRace } from "../rows/lost-race.js";
import { BY_TUPLE_ID } from "../rows/row-loader.js";
import { asDeleted, asStored } from "../rows/unreadable-values.js";
import type { Mutation, Written } from "./mutation.js";
import { ownVersion } from "./own-version.js";
import { pastOf } from "./same-row.js";

/** What a mutation did: to its own row, and to the others that it touched, in the order of their events. */
export async function changesOf(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: Mutation,
  written: Written,
): Promise<readonly RowChange[]> {
  const change = await changeOf(bus, transaction, mutation, written);
  if (written.far === undefined) return [change];
  // What was read beforehand is of the row that did meet the conditions of an upsert until then.
  if (change.operation === "create" && written.far.call.row !== undefined) {
    if (written.far.call.node === undefined) return [change];
    throw new LostRace();
  }
  const outcome = await readRelatedAfter(bus, transaction, written.far, change.after);
  const { rules } = bus.options;
  return relatedChanges(bus, outcome, (operation) =>
    operation === change.operation ? change.rules : (rules.get(mutation.model.name)?.[operation] ?? []),
  );
}

/** What a mutation of one row did to it. */
async function changeOf(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: Mutation,
  written: Written,
): Promise<RowChange> {
  const { model, operation: call } = mutation;
  const { plan, row, past } = written;
  // What it wrote through a relation took it along, or to another key: then it is found there.
  if (row === null) {
    const mayBeNew = call === "create" || (call === "upsert" && past.row === undefined);
    if (mayBeNew && knownCatalog(bus)?.table(model)?.kind === "view") throw notShown(model);
    const operation = call === "create" ? "create" : "update";
    const rules = written.far === undefined ? [] : plan[operation];
    return { model, operation, before: past.row, after: undefined, rules };
  }
  const isReplaced = await isCreatedInstead(bus, transaction, mutation, { ...written, row });
  const before = isReplaced ? undefined : pastOf(mutation, { ...written, row });
  const operation = call !== "upsert" ? call : before === undefined ? "create" : "update";
  const rules = plan[operation];
  if (operation === "delete") {
    const gone = before ?? asDeleted(model, row);
    // Nothing has changed then: an update that says so leads to no event.
    if (await isStillThere(bus, transaction, mutation, written))
      return { model, operation: "update", before: gone, after: gone, rules: [] };
    return { model, operation, before: gone, after: undefined, rules };
  }
  const own = await ownVersion(bus, transaction, mutation, { ...written, row }, before);
  const after = await asStored(bus, transaction, model, own, before);
  return { model, operation, before, after, rules };
}

/**
 * Whether an upsert has created a row beside the one that it was to change, or in its place: triggers make another key of
 * the new row, or delete the old one. A key that is another one now may just have been changed: PostgreSQL knows what has
 * become of the row with its tuple id.
 */
async function isCreatedInstead(
  bus: Bus,
  transaction: TransactionHandle,
  { model, operation }: Mutation,
  { past, row }: Written & { readonly row: Row },
): Promise<boolean> {
  const tupleId = past.row && storedOf(past.row)?.tupleId;
  if (operation !== "upsert" || past.row === undefined || tupleId === undefined) return false;
  const facts = knownCatalog(bus)?.table(model);
  if (facts?.hasTriggers !== true || facts.kind !== "table") return false;
  if (aggregateKeyOf(model, past.row) === aggregateKeyOf(model, row)) return false;
  const [now] = await lookUp(bus, transaction, { model, fields: BY_TUPLE_ID, keys: [tupleId] });
  return now === undefined || identityOf(model, now.row) !== identityOf(model, row);
}

/**
 * Whether a row that Prisma has read before it deleted it is there all the same: policies and triggers can have PostgreSQL
 * leave it alone without a word. What a DELETE itself answers is gone.
 */
async function isStillThere(
  bus: Bus,
  transaction: TransactionHandle,
  { model, params }: Mutation,
  { args, past }: Written,
): Promise<boolean> {
  const facts = knownCatalog(bus)?.table(model);
  const mayBeLeft = facts?.hasRowSecurity === true || facts?.hasTriggers === true;
  const isReadBefore = params.dataPath.length > 0 || selectsRelations(model, args);
  if (!mayBeLeft || !isReadBefore || past.row === undefined) return false;
  const fields = model.identity?.fields ?? [];
  const keys = keyTexts(model, fields, past.row);
  return keys !== undefined && (await lookUp(bus, transaction, { model, fields, keys: [keys] })).length > 0;
}
