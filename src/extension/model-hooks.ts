import { currentContext } from "../context/event-context.js";
import type { Model } from "../models/model.js";
import { WRITE_OPERATION_NAMES, type WriteOperation, writesMany } from "../models/operations.js";
import { type CallExtras, takeExtras } from "./call-extras.js";
import { type AnyMutation, captureAlone, captureIn, isRepeatable, RETRIES } from "./capture.js";
import { plainCalls, planCall } from "./plan.js";
import type { Bus } from "./prisma/bus.js";
import { type HookCall, paramsOf } from "./prisma/call-params.js";
import type { InternalParams } from "./prisma/internals.js";
import type { ModelHooks } from "./prisma/query-hooks.js";
import { type CaptureStep, captureWhenSent } from "./prisma/replace-steps.js";
import type { CallArgs } from "./prisma/selection.js";
import { callsChecked } from "./prisma/self-check.js";
import { isOver, isPlaceInTransaction, resolveTransaction } from "./transactions/batch.js";
import { batchItemOf } from "./transactions/joined-batch.js";

/** What Prisma gives to a hook of an operation that writes. */
export type HookParameters = HookCall<WriteOperation, CallArgs>;

type Hook = (parameters: HookParameters) => PromiseLike<unknown>;

/**
 * The hooks of a model. They note what a call is captured with; it is captured when it is sent, see {@link captureWhenSent}.
 *
 * @param isReached whether the model has rules or events, or leads to one that has.
 * @param within runs a hook.
 */
export function hooksOf(
  bus: Bus,
  model: Model,
  isReached: boolean,
  within: <T>(run: () => T) => T,
): ModelHooks<HookParameters> {
  const hook = async (call: HookParameters) => {
    const { operation, args: given, query } = call;
    const params = paramsOf(call);
    const { args, extras } = takeExtras(model, operation, given, bus.options);
    if (currentContext().silent) return query(args);
    const checking = callsChecked(bus.root);
    if (checking !== undefined) await checking;
    const transaction = calledIn(params);
    captureWhenSent(params, captureStep(bus, model, operation, extras, transaction));
    for (let attempt = 1; ; attempt++) {
      try {
        return await query(args, params);
      } catch (error) {
        // An extension had put it into a batch of its own, and makes that anew. Whatever else there is was run again already.
        const isInBatch = transaction === undefined && params.transaction !== undefined;
        if (!isInBatch || attempt > RETRIES || !isRepeatable(error)) throw error;
        params.transaction = transaction;
      }
    }
  };
  const isPlain = isReached ? () => false : plainCalls(bus, model);
  const quick: Hook = (call) =>
    within(() => (isPlain(call.operation, call.args) ? call.query(call.args) : hook(call)));
  const { name, jsName } = model;
  return { name, jsName, byOperation: new Map(WRITE_OPERATION_NAMES.map((operation) => [operation, quick])) };
}

/** Captures a call of which our hook has seen the beginning. */
function captureStep(
  bus: Bus,
  model: Model,
  operation: WriteOperation,
  extras: CallExtras,
  transaction: InternalParams["transaction"],
): CaptureStep {
  return (params, send) => {
    const args = (params["args"] ?? {}) as CallArgs;
    const planFor = (given: CallArgs) => planCall(bus, model, operation, given, extras);
    const plan = planFor(args);
    if (plan === undefined) return undefined;
    const place = placeOf(params, transaction);
    const isRunning = place !== undefined && isPlaceInTransaction(place);
    const query = (sent: CallArgs, own: InternalParams) => {
      if (place !== undefined && !isRunning) own.transaction = place;
      return send(Object.assign(own, { args: sent }));
    };
    const item = place === undefined || isRunning ? undefined : batchItemOf(place);
    const { metadata } = extras;
    const call = {
      model,
      args,
      plan,
      planFor,
      metadata,
      params,
      query,
      ...(item && { finish: () => item.finish() }),
    };
    const mutation = writesMany(operation) ? { operation, ...call } : { operation, ...call };
    return captureCall(bus, isRunning ? place : transaction, mutation);
  };
}

/** On a call's parameters: what it was called in, before extensions put it somewhere else. */
const CALLED_IN = Symbol("ex-event-bus.called-in");

type Called = InternalParams & { [CALLED_IN]?: InternalParams["transaction"] };

/** The transaction that a call was made in. Where an extension tries again, Prisma has left it in the batch of last time. */
function calledIn(params: Called): InternalParams["transaction"] {
  const { transaction } = params;
  if (transaction !== undefined && isOver(transaction)) return params[CALLED_IN];
  params[CALLED_IN] = transaction;
  return transaction;
}

/** The batch into which an extension has put a call meanwhile; undefined when it is in none, or in one that is over. */
function placeOf(
  params: InternalParams,
  transaction: InternalParams["transaction"],
): InternalParams["transaction"] {
  const { transaction: place } = params;
  return place === undefined || place === transaction || isOver(place) ? undefined : place;
}

async function captureCall(
  bus: Bus,
  transaction: InternalParams["transaction"],
  mutation: AnyMutation,
): Promise<unknown> {
  const outer =
    transaction && resolveTransaction(transaction, `prisma.${mutation.model.jsName}.${mutation.operation}`);
  return outer === undefined ? captureAlone(bus, mutation) : captureIn(bus, outer, mutation);
}
