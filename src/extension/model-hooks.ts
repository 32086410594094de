import { currentContext } from "../context/event-context.js";
import { resolveTransaction } from "./batch.js";
import type { Bus } from "./bus.js";
import { type CallExtras, takeExtras } from "./call-extras.js";
import { type AnyMutation, captureAlone, captureIn, isRepeatable, RETRIES } from "./capture.js";
import { seatOf } from "./joined-batch.js";
import { type CaptureStep, captureWhenSent, checkSending } from "./last-step.js";
import { plainCalls } from "./plain-calls.js";
import { isBulk, planCall, WRITES, type WriteOperation } from "./plan.js";
import { type InternalParams, incompatible, type LazyPromise } from "./prisma-internals.js";
import type { ModelHooks } from "./query-hooks.js";
import type { Model } from "./schema/model.js";
import type { CallArgs } from "./selection.js";

/** What Prisma gives to a hook. */
export interface HookParameters {
  readonly model?: string;
  readonly operation: WriteOperation;
  readonly args: CallArgs;
  readonly query: (args: CallArgs, params?: InternalParams) => LazyPromise;
  readonly __internalParams?: InternalParams;
}

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
  const hook = async ({ operation, args: given, query, __internalParams: params }: HookParameters) => {
    if (params === undefined) throw incompatible("the internal parameters of query hooks");
    const { args, extras } = takeExtras(model, operation, given, bus.options);
    if (currentContext().silent) return query(args);
    const checking = checkSending(bus.root);
    if (checking !== undefined) await checking;
    const { transaction } = params;
    captureWhenSent(params, captureStep(bus, model, operation, extras, params));
    for (let attempt = 1; ; attempt++) {
      try {
        return await query(args, params);
      } catch (error) {
        if (transaction !== undefined || attempt > RETRIES || !isRepeatable(error)) throw error;
        // An extension had put it into a batch of its own, which it makes anew.
        params.transaction = undefined;
      }
    }
  };
  const isPlain = isReached ? () => false : plainCalls(bus, model);
  const quick: Hook = (call) =>
    within(() => (isPlain(call.operation, call.args) ? call.query(call.args) : hook(call)));
  const { name, jsName } = model;
  return { name, jsName, byOperation: new Map(Object.keys(WRITES).map((operation) => [operation, quick])) };
}

/** Captures a call of which our hook has seen the beginning. */
function captureStep(
  bus: Bus,
  model: Model,
  operation: WriteOperation,
  extras: CallExtras,
  { transaction }: InternalParams,
): CaptureStep {
  return (params, send) => {
    const args = (params["args"] ?? {}) as CallArgs;
    const plan = planCall(bus, model, operation, args, extras);
    if (plan === undefined) return undefined;
    // Where an extension has put the call meanwhile.
    const moved = params.transaction === transaction ? undefined : params.transaction;
    const query = (sent: CallArgs, own: InternalParams) => {
      if (moved !== undefined) own.transaction = moved;
      return send(Object.assign(own, { args: sent }));
    };
    const seat = seatOf(moved);
    const call = { model, args, extras, plan, params, query, ...(seat && { finish: () => seat.finish() }) };
    const mutation = isBulk(operation) ? { ...call, operation } : { ...call, operation };
    return captureCall(bus, transaction, mutation);
  };
}

async function captureCall(
  bus: Bus,
  transaction: InternalParams["transaction"],
  mutation: AnyMutation,
): Promise<unknown> {
  const outer = resolveTransaction(transaction, `prisma.${mutation.model.jsName}.${mutation.operation}`);
  return outer === undefined ? captureAlone(bus, mutation) : captureIn(bus, outer, mutation);
}
