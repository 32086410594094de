import type { Model } from "../../models/model.js";
import type { UniqueMatch } from "../rows/unique-match.js";
import { isInKey } from "./reach.js";
import type { TouchedRow, TouchedRows } from "./touched-rows.js";
import type { NestedItem, NestedRelation } from "./tree.js";

/** What is known before a call with nested writes. */
export interface NestedPast {
  readonly rows: TouchedRows;
  /** The rows that each write was found to reach. */
  readonly reached: ReadonlyMap<NestedItem, readonly TouchedRow[]>;
  /** Rows that the transaction had written before this call. */
  readonly ownBefore: ReadonlySet<string>;
  /** Models of which a row was not found that the call may write when another transaction creates it meanwhile. */
  readonly missing: ReadonlySet<Model>;
  /** Where rows are created that those that refer to them may leave alone. */
  readonly unlinking: ReadonlySet<NestedRelation>;
  /** Rows that the call names and that were not there, where the call could write to them. */
  readonly absent: readonly Absent[];
}

/** A row that a nested write names and that was not there. */
export interface Absent {
  readonly nested: NestedRelation;
  readonly item: NestedItem;
  readonly match: UniqueMatch;
  /** Whether Prisma comes to this write in any case. */
  readonly isReached: boolean;
}

/** A row in {@link NestedPast.ownBefore}. */
export function ownKey(model: Model, identity: string): string {
  return `${model.name} ${identity}`;
}

/** What is noted of a named row that was not there: nothing where the call would not write to it. */
export function absentRow(
  nested: NestedRelation,
  item: NestedItem,
  match: UniqueMatch | undefined,
  isReached: boolean,
): readonly Absent[] {
  const { link } = nested;
  // A row that is referred to is not written, unless it is taken from another, and does not matter, unless in a key.
  const isOnlyReferredTo =
    item.effect === "link" && link.holder === "this" && !link.isExclusive && !isInKey(nested);
  return match === undefined || isOnlyReferredTo ? [] : [{ nested, item, match, isReached }];
}
