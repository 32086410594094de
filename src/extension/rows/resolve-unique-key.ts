import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import type { Bus } from "../prisma/bus.js";
import { type InternalParams, requestIn, type TransactionHandle } from "../prisma/internals.js";
import { findUniqueMatch, ONLY_PRISMA_KNOWS, type UniqueMatch } from "./unique-match.js";

/**
 * The unique key by which a `where` finds its row. Lists, Json and whatever else has a notation of its own are
 * not imitated: Prisma itself is asked for the row that it means. "absent": it means none.
 *
 * @param like the parameters of the call that it is part of.
 * @returns undefined where Prisma will refuse the call.
 */
export async function resolveUniqueKey(
  bus: Bus,
  transaction: TransactionHandle,
  like: InternalParams,
  model: Model,
  where: unknown,
): Promise<UniqueMatch | "absent" | undefined> {
  const match = findUniqueMatch(model, where);
  if (match !== ONLY_PRISMA_KNOWS) return match;
  const key = model.identity;
  if (key === undefined) return undefined;
  const asked = { ...like, model: model.name, jsModelName: model.jsName };
  const select = Object.fromEntries(key.fields.map((field) => [field, true]));
  const row = (await requestIn(bus.root, transaction, asked, "findUnique", { where, select })) as Row | null;
  const texts = row === null ? undefined : keyTexts(model, key.fields, row);
  return texts === undefined ? "absent" : { key, texts };
}
