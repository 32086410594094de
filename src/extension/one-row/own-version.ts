import type { Row } from "../../changes/diff.js";
import { sameValue } from "../../changes/same-value.js";
import type { Model } from "../../models/model.js";
import { writtenData } from "../../models/operations.js";
import { keyTexts } from "../../models/row-key.js";
import type { Bus } from "../prisma/bus.js";
import type { TransactionHandle } from "../prisma/internals.js";
import { selectsRelations } from "../prisma/selection.js";
import { lookUp } from "../rows/look-up.js";
import type { Mutation, Written } from "./mutation.js";

/**
 * A row as this transaction wrote it. With a snapshot (REPEATABLE READ) the row that had its key before can still be
 * seen, though others have deleted it since; where Prisma reads again what it has written, its answer may be that one.
 *
 * @param before the row before; undefined when it is new.
 */
export async function ownVersion(
  bus: Bus,
  transaction: TransactionHandle,
  { model }: Mutation,
  written: Written & { readonly row: Row },
  before: Row | undefined,
): Promise<Row> {
  const fields = model.identity?.fields ?? [];
  const mayBeAnother =
    before === undefined
      ? isReadAgain(fields, model, written)
      : fields.some((field) => !sameValue(before[field] ?? null, written.row[field] ?? null));
  const texts = mayBeAnother ? keyTexts(model, fields, written.row) : undefined;
  if (texts === undefined) return written.row;
  const [own] = await lookUp(bus, transaction, { model, fields, keys: [texts], ownOnly: true });
  return own?.row ?? written.row;
}

/** Whether the call says which key the row gets, and is none that is answered by the statement that inserts. */
function isReadAgain(fields: readonly string[], model: Model, { args, far }: Written): boolean {
  const isUpsert = args["create"] !== undefined;
  const data = (writtenData(isUpsert ? "upsert" : "create", args).create ?? {}) as Row;
  const where = (args["where"] ?? {}) as Row;
  if (!fields.some((field) => data[field] !== undefined)) return false;
  if (far !== undefined || selectsRelations(model, args)) return true;
  // A reference by `connect` is enough.
  if (Object.keys(data).some((name) => model.relations.has(name) && data[name] !== undefined)) return true;
  return isUpsert && fields.some((field) => !sameValue(where[field] ?? null, data[field] ?? null));
}
