import { notShown } from "../../capture/not-captured.js";
import type { RowChange } from "../../capture/row-change.js";
import { type Row, sameValue } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import { writtenData } from "../../models/operations.js";
import { keyTexts } from "../../models/row-key.js";
import { storedOf } from "../../models/stored-row.js";
import { knownCatalog } from "../catalog/catalog.js";
import type { Bus } from "../prisma/bus.js";
import { fluentPathOf } from "../prisma/call-params.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { selectsRelations } from "../prisma/selection.js";
import { isInvalidDate } from "../rows/as-prisma-reads.js";
import { lookUp } from "../rows/look-up.js";
import { LostRace } from "../rows/lost-race.js";
import { asDeleted, asStored } from "../rows/unreadable-values.js";
import { changesWithEffects } from "./effects.js";
import type { Mutation, Written } from "./mutation.js";
import { isCreatedBeside, isCreatedInstead } from "./upsert.js";

/** What a mutation did: to its own row, and to the others that it touched, in the order of their events. */
export async function readAfter(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: Mutation,
  written: Written,
): Promise<readonly RowChange[]> {
  const change = await changeOf(bus, transaction, mutation, written);
  const { related } = written;
  return related === undefined
    ? [change]
    : changesWithEffects(bus, transaction, mutation.model, change, related);
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
    const rules = written.related === undefined ? [] : plan[operation];
    return { model, operation, before: past.row, after: undefined, rules };
  }
  const isReplaced = call === "upsert" && (await isCreatedInstead(bus, transaction, model, past, row));
  const before = isReplaced ? undefined : pastOf(mutation, written, row);
  const operation = call !== "upsert" ? call : before === undefined ? "create" : "update";
  const rules = plan[operation];
  if (operation === "delete") {
    const gone = before ?? asDeleted(model, row);
    // Nothing has changed then: an update that says so leads to no event.
    if (await isStillThere(bus, transaction, mutation, written))
      return { model, operation: "update", before: gone, after: gone, rules: [] };
    return { model, operation, before: gone, after: undefined, rules };
  }
  const own = await ownVersion(bus, transaction, model, written, row, before);
  const after = await asStored(bus, transaction, model, own, before);
  return { model, operation, before, after, rules };
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
  const isReadBefore = fluentPathOf(params).length > 0 || selectsRelations(model, args);
  if (!mayBeLeft || !isReadBefore || past.row === undefined) return false;
  const fields = model.identity?.fields ?? [];
  const keys = keyTexts(model, fields, past.row);
  return keys !== undefined && (await lookUp(bus, transaction, { model, fields, keys: [keys] })).length > 0;
}

/**
 * The row that was written as it was before; undefined when it is new.
 *
 * What Prisma answers with is the row that was locked: both were found by the same key, which no other transaction could change.
 * Only an upsert may have left that row alone, where it did not meet further conditions, and created another one.
 *
 * @throws EventBusError, LostRace when that is not known: the transaction must be aborted then.
 */
function pastOf({ model, operation }: Mutation, { args, past }: Written, row: Row): Row | undefined {
  const missing = Array.from(model.scalars.keys()).find(
    (name) => row[name] === undefined && !isLeftOut(past.row, name),
  );
  if (missing !== undefined) throw incomplete(model, operation, missing);
  if (operation === "create") return undefined;
  if (operation === "delete") {
    // It came after what would go with it was looked for.
    if (past.isKnown && past.row === undefined) throw new LostRace();
    if (past.row !== undefined && !past.isLocked && !isSame(model, past.row, row)) throw new LostRace();
    return past.row;
  }
  const isAnother = operation === "upsert" && isCreatedBeside(model, args, past, row);
  if (past.row !== undefined && !isAnother) {
    // A role that may not lock the row may not change it either: another transaction has changed it.
    if (!past.isLocked && !isSame(model, past.row, row)) throw new LostRace();
    return past.row;
  }
  // An upsert whose further conditions the row did not meet creates another one.
  if (operation === "upsert" && past.isKnown) return undefined;
  if (past.row === undefined && past.isKnown) throw new LostRace();
  throw new EventBusError(
    "NOT_CAPTURED",
    `prisma.${model.jsName}.${operation} changed a row that could not be found beforehand, so its old values are not ` +
      "known; the transaction was aborted. Expected a where with a unique key of the model.",
    { path: `${model.name}.${operation}` },
  );
}

/** Prisma was not asked for what it cannot read. */
function isLeftOut(before: Row | undefined, name: string): boolean {
  return before !== undefined && storedOf(before)?.unreadable.includes(name) === true;
}

function isSame(model: Model, before: Row, after: Row): boolean {
  return Array.from(model.scalars.keys()).every(
    (name) => after[name] === undefined || isInvalidDate(after[name]) || sameValue(before[name], after[name]),
  );
}

/**
 * A row as this transaction wrote it. With a snapshot (REPEATABLE READ) the row that had its key before can still be
 * seen, though others have deleted it since; where Prisma reads again what it has written, its answer may be that one.
 *
 * @param before the row before; undefined when it is new.
 */
async function ownVersion(
  bus: Bus,
  transaction: TransactionHandle,
  model: Model,
  written: Written,
  row: Row,
  before: Row | undefined,
): Promise<Row> {
  const fields = model.identity?.fields ?? [];
  const mayBeAnother =
    before === undefined
      ? isReadAgain(fields, model, written)
      : fields.some((field) => !sameValue(before[field] ?? null, row[field] ?? null));
  const texts = mayBeAnother ? keyTexts(model, fields, row) : undefined;
  if (texts === undefined) return row;
  const [own] = await lookUp(bus, transaction, { model, fields, keys: [texts], ownOnly: true });
  return own?.row ?? row;
}

/** Whether the call says which key the row gets, and is none that is answered by the statement that inserts. */
function isReadAgain(fields: readonly string[], model: Model, { args, related }: Written): boolean {
  const isUpsert = args["create"] !== undefined;
  const data = (writtenData(isUpsert ? "upsert" : "create", args).create ?? {}) as Row;
  const where = (args["where"] ?? {}) as Row;
  if (!fields.some((field) => data[field] !== undefined)) return false;
  if (related !== undefined || selectsRelations(model, args)) return true;
  // A reference by `connect` is enough.
  if (Object.keys(data).some((name) => model.relations.has(name) && data[name] !== undefined)) return true;
  return isUpsert && fields.some((field) => !sameValue(where[field] ?? null, data[field] ?? null));
}

function incomplete(model: Model, operation: string, missing: string): EventBusError {
  return new EventBusError(
    "PRISMA_INCOMPATIBLE",
    `The answer to prisma.${model.jsName}.${operation} has no ${missing}, so its event would not hold the whole row; ` +
      "the transaction was aborted. Expected every column: report this with the call and the version of Prisma.",
    { value: missing },
  );
}
