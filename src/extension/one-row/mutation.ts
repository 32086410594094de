import type { Row } from "../../changes/diff.js";
import type { Model } from "../../models/model.js";
import type { OneRowOperation } from "../../models/operations.js";
import type { TableCounters } from "../../outbox/lock-row.js";
import type { ModelRules } from "../../registry/capture-rules.js";
import type { EventMetadata } from "../../registry/event.js";
import type { InternalParams } from "../prisma/internals.js";
import type { CallArgs } from "../prisma/selection.js";
import type { EffectsPlan } from "../relations/plan-effects.js";
import type { RelatedBefore } from "../relations/read-related.js";
import type { UniqueMatch } from "../rows/unique-match.js";

/** What a call leads to: the rules for its own rows, by what it does to one. */
export interface Plan extends ModelRules {
  /** Set when it may touch other rows that matter. */
  readonly effects?: EffectsPlan | undefined;
}

/** A captured call on its way to the database. */
export interface Mutation {
  readonly model: Model;
  readonly operation: OneRowOperation;
  readonly args: CallArgs;
  readonly plan: Plan;
  /** Plans the same call with other arguments, or with more known of the database. Undefined: there is nothing to capture. */
  readonly planFor: (args: CallArgs) => Plan | undefined;
  /** What the call says of its events. */
  readonly metadata: EventMetadata | undefined;
  readonly params: InternalParams;
  /** Sends it to the database. */
  readonly query: (args: CallArgs, params: InternalParams) => Promise<unknown>;
  /** To be called before a transaction of its own is committed: others may run in it. */
  readonly finish?: () => Promise<void>;
}

/** The call, as far as it says which row it is going to change. */
export interface RowCall {
  readonly model: Model;
  readonly operation: OneRowOperation;
  readonly args: CallArgs;
  readonly isFluent: boolean;
  /** The row is needed even where its own event needs none. */
  readonly isPastNeeded: boolean;
}

/** What is known of a row before it is changed. */
export interface Past {
  /** Undefined: there is no such row, or none is needed. */
  readonly row: Row | undefined;
  /** Whether the row was looked for. */
  readonly isKnown: boolean;
  /** Whether others cannot change it meanwhile. Rows that a role may see and not change cannot be locked. */
  readonly isLocked: boolean;
  /** How it was found. */
  readonly match?: UniqueMatch;
  /** For an upsert: to tell afterwards whether it created a row where it found none. */
  readonly counters?: TableCounters;
}

/** What the database did: once for each time that it was asked, usually once. */
export interface Written {
  readonly plan: Plan;
  readonly args: CallArgs;
  readonly past: Past;
  /** What was known of other rows that the call may have touched; undefined when there are none that matter. */
  readonly related: RelatedBefore | undefined;
  /** The whole row; for a delete the row that went. Null when it went by what it wrote through its relations. */
  readonly row: Row | null;
}

/** A failure after something was written: it must not be committed. */
export class FailedAfterWriting {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}
