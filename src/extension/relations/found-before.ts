import type { Model } from "../../models/model.js";
import type { UniqueMatch } from "../rows/unique-match.js";
import type { NestedItem, NestedRelation } from "./nested-writes.js";
import { isInKey } from "./relevant-writes.js";
import type { TouchedRow, TouchedRows } from "./touched-rows.js";

/** What is known before a call with nested writes. */
export interface FoundBefore {
  readonly rows: TouchedRows;
  /** The rows that each write was found to reach. */
  readonly reached: ReadonlyMap<NestedItem, readonly TouchedRow[]>;
  /** Rows that the transaction had written before this call. */
  readonly writtenBefore: ReadonlySet<string>;
  /** Models of which a row was not found that the call may write when another transaction creates it meanwhile. */
  readonly missing: ReadonlySet<Model>;
  /** Where rows are created that those that refer to them may leave alone. */
  readonly unlinking: ReadonlySet<NestedRelation>;
  /** Rows that the call names and that were not there, where the call could write to them. */
  readonly absent: readonly AbsentRow[];
}

/** A row that a nested write names and that was not there. */
export interface AbsentRow {
  readonly nested: NestedRelation;
  readonly item: NestedItem;
  readonly match: UniqueMatch;
  /** Whether Prisma comes to this write in any case. */
  readonly isReached: boolean;
}

/** A row in {@link FoundBefore.writtenBefore}. */
export function writtenRowId(model: Model, identity: string): string {
  return `${model.name} ${identity}`;
}

/** What is noted of a named row that was not there: nothing where the call would not write to it. */
export function absentRows(
  nested: NestedRelation,
  item: NestedItem,
  match: UniqueMatch | undefined,
  isReached: boolean,
): readonly AbsentRow[] {
  const { link } = nested;
  // A row that is referred to is not written, unless it is taken from another, and does not matter, unless in a key.
  const isOnlyReferredTo =
    item.effect === "link" && link.holder === "this" && !link.isExclusive && !isInKey(nested);
  return match === undefined || isOnlyReferredTo ? [] : [{ nested, item, match, isReached }];
}
