import type { Row } from "../../changes/diff.js";
import { isEventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import { databaseFailure } from "../../outbox/database-error.js";
import type { Bus } from "../prisma/bus.js";
import { fluentPathOf } from "../prisma/call-params.js";
import { isValidationError } from "../prisma/errors.js";
import { assertUnpacked, type Progress, type RequestSteps } from "../prisma/intercept-request.js";
import { asOurs, incompatible, missingStep, type TransactionHandle } from "../prisma/internals.js";
import { answeringOf, dropUnselected, scalarsOf, selectAllScalars } from "../prisma/selection.js";
import type { PinnedData } from "../relations/pin-to-locked-rows.js";
import type { RelatedBefore } from "../relations/read-related.js";
import { LostRace } from "../rows/lost-race.js";
import {
  askedAgain,
  avoidUnreadable,
  hadUnreadableValues,
  isReadFailure,
  noteUnreadableValues,
  UnreadableFieldsAsked,
  withoutFields,
} from "../rows/unreadable-values.js";
import { interceptInTransaction } from "../transactions/joined-batch.js";
import { mayBeHalfDone, pinnedArgs, readRelated } from "./effects.js";
import { FailedAfterWriting, type Mutation, type Past, type RowCall, type Written } from "./mutation.js";
import { readBefore } from "./read-before.js";

/**
 * Runs the mutation in `transaction`, such that the database's own answer is the whole row.
 *
 * @throws FailedAfterWriting when it may have written something and is not to be committed; else what Prisma throws.
 */
export async function write(
  bus: Bus,
  transaction: TransactionHandle,
  mutation: Mutation,
): Promise<{ readonly result: unknown; readonly written: readonly Written[] }> {
  const written: Written[] = [];
  const progress: Progress = { isSent: false, answer: undefined };
  const last: LastCall = { call: undefined, past: undefined, failure: undefined };
  const steps = stepsOf(bus, transaction, mutation, written, last);
  const params = interceptInTransaction(bus.root, mutation.params, transaction, steps, progress);
  try {
    const result = await askedAgain(() => mutation.query(mutation.args, params));
    // Not even read before, and written all the same.
    if (last.failure !== undefined) throw new FailedAfterWriting(last.failure);
    try {
      assertUnpacked(result, progress);
    } catch (error) {
      throw new FailedAfterWriting(error);
    }
    return { result, written };
  } catch (error) {
    if (error instanceof FailedAfterWriting) throw error;
    if (written.length === 0 && isReadFailure(error) && mayBeReadBefore(mutation, last)) throw new LostRace();
    if (written.length > 0 || progress.answer !== undefined) throw new FailedAfterWriting(error);
    if (progress.isSent && mayHaveWritten(bus, error, last)) throw new FailedAfterWriting(error);
    // The message shows the arguments: those of the caller, not ours. Nothing was sent yet.
    if (isValidationError(error)) await refuseUnchanged(transaction, mutation);
    throw error;
  }
}

/** A delete is told by its answer: of a row that Prisma cannot read it is read before, when it is run again. */
function mayBeReadBefore({ model, operation }: Mutation, { past }: LastCall): boolean {
  if (operation !== "delete" || past === undefined || past.isKnown || hadUnreadableValues(model))
    return false;
  noteUnreadableValues(model);
  return true;
}

/** "current transaction is aborted": nothing of it can be committed. */
const ABORTED = "25P02";

/** What Prisma says when it found nothing to write to. Where nothing else was written, the transaction can go on. */
const NOTHING_WRITTEN = new Set(["P2014", "P2015", "P2016", "P2017", "P2018", "P2025"]);

/**
 * Whether the statement may have taken effect before this error: Prisma can fail to read an answer. What PostgreSQL
 * refused it has aborted by itself.
 */
function mayHaveWritten(bus: Bus, error: unknown, { call, past }: LastCall): boolean {
  if (isValidationError(error) || databaseFailure(error) !== undefined) return false;
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (!NOTHING_WRITTEN.has(String(code)) || call === undefined) return true;
  return mayBeHalfDone(bus, call, past);
}

/**
 * @throws the error with which Prisma refuses the call of the caller; FailedAfterWriting if Prisma does not refuse it, because
 * then it has written rows without events.
 */
async function refuseUnchanged(
  transaction: TransactionHandle,
  { params, args, query }: Mutation,
): Promise<void> {
  await query(args, asOurs({ ...params, transaction }));
  throw new FailedAfterWriting(incompatible("one opinion of the caller's arguments and of ours"));
}

function stepsOf(
  bus: Bus,
  transaction: TransactionHandle,
  { model, operation, args: given, plan: planned, planFor, params }: Mutation,
  written: Written[],
  last: LastCall,
): RequestSteps<Before> {
  const answering = answeringOf(bus, model, params);
  let args = given;
  let plan = planned;
  let pins = NO_PINS;
  const avoid = new Set<string>();
  // A fluent call gets the relation at the end of its path instead of the row.
  const path = fluentPathOf(params);
  return {
    map(final) {
      args = final;
      // Other extensions get copies to change: what is the same object is the same call.
      // With the catalog, which was not known at first, less may matter: what was planned still does.
      plan = final === given ? planned : (planFor(args) ?? planned);
      const { effects } = plan;
      const pinned =
        effects === undefined ? { args, pins: NO_PINS } : pinnedArgs({ model, operation }, args, effects);
      pins = pinned.pins;
      const asked = avoid.size === 0 ? answering : { ...answering, model: withoutFields(model, avoid) };
      return selectAllScalars(asked, pinned.args);
    },
    async before() {
      try {
        last.call = {
          model,
          operation,
          args,
          isFluent: path.length > 0,
          isPastNeeded: plan.effects !== undefined || hadUnreadableValues(model),
        };
        const { call } = last;
        const { effects } = plan;
        const past = await readBefore(bus, transaction, call, params);
        last.past = past;
        avoidUnreadable(past.row, avoid);
        const related = effects && (await readRelated(bus, transaction, call, past, effects, pins, params));
        return { past, related };
      } catch (error) {
        if (isEventBusError(error) || error instanceof UnreadableFieldsAsked) throw error;
        // Prisma refused, as the transaction has ended or the connection is gone, or PostgreSQL, as the transaction is
        // aborted: the call itself will be refused likewise, in words that name it.
        const state = databaseFailure(error)?.state;
        if (state === undefined || state === ABORTED) last.failure = error;
        if (last.failure !== undefined)
          return { past: { row: undefined, isKnown: false, isLocked: false }, related: undefined };
        throw error;
      }
    },
    readsAfterwards: () => plan.effects !== undefined,
    unpack(answer, { past, related }) {
      const row = answer as Record<string, unknown> | null;
      // Nothing may be thrown here: Prisma would make another error of it.
      // Without them the row was not there beforehand, which is looked at later.
      if (related !== undefined && Array.from(pins.values()).some(({ isUsed }) => !isUsed))
        last.failure = missingStep("lock");
      const whole = rowIn(model, row);
      const missing =
        whole && Object.keys(whole).find((name) => whole[name] === undefined && !avoid.has(name));
      if (missing)
        last.failure = incompatible(`${missing} in its answer to prisma.${model.jsName}.${operation}`);
      written.push({ plan, args, past, related, row: whole });
      if (row === null) return null;
      dropUnselected(answering, args, row);
      return path.reduce<unknown>((value, key) => value && (value as Record<string, unknown>)[key], row);
    },
  };
}

/** The row of an answer. An upsert of which the nested writes made the row go is answered with no column at all. */
function rowIn(model: Model, answer: Record<string, unknown> | null): Row | null {
  const row = answer === null ? {} : scalarsOf(model, answer);
  return Object.values(row).some((value) => value !== undefined) ? row : null;
}

/** What is known before a query is sent. */
interface Before {
  readonly past: Past;
  readonly related: RelatedBefore | undefined;
}

const NO_PINS: PinnedData["pins"] = new Map();

/** What was last sent, for the case that its answer never came through our hands. */
interface LastCall {
  call: RowCall | undefined;
  past: Past | undefined;
  /** Why it is not known what was there before. */
  failure: unknown;
}
