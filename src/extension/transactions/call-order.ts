import {
  type InternalClient,
  type InternalParams,
  isOurs,
  type TransactionHandle,
} from "../prisma/internals.js";
import { captureSent, type Instead, replaceSteps } from "../prisma/replace-steps.js";
import { type BatchItem, batchItemOf } from "./joined-batch.js";
import type { StartedCall } from "./scope.js";
import { beside, hasCome, inQueue, startCall } from "./transaction-queue.js";

/** On a call's parameters: when it started. */
const STARTED = Symbol("ex-event-bus.started");

type Ordered = InternalParams & { [STARTED]?: StartedCall };

/** When a call started; undefined when it is in no transaction that a client of ours has opened. */
export function startedCallOf(params: InternalParams): StartedCall | undefined {
  return (params as Ordered)[STARTED];
}

/**
 * Has a client, and the clients of its transactions, send what is called in a transaction in the order in which it was
 * started. Prisma does so; captured calls take more steps, so that others would overtake them. Calls that are in no
 * transaction go on as they came.
 */
export function keepOrder(client: InternalClient): void {
  replaceSteps(client, startInOrder, sendInOrder);
}

const startInOrder: Instead = (_, params, start) => {
  const { transaction } = params;
  if (transaction?.kind !== "itx") return start(params);
  const call = startCall(transaction);
  (params as Ordered)[STARTED] = call;
  const answer = start(params);
  // Another extension may have answered, or failed.
  const end = () => hasCome(call);
  answer.then(end, end);
  return answer;
};

const sendInOrder: Instead = (_, params, send) => {
  const { transaction, [STARTED]: call } = params as Ordered;
  if (transaction === undefined || isOurs(params)) return send(params);
  // A captured call queues itself.
  const captured = captureSent(params, send);
  if (captured !== undefined) return captured;
  if (transaction.kind !== "itx") {
    // An extension has put it into a batch of its own, out of the transaction that it was called in.
    if (call !== undefined) bringBack(batchItemOf(transaction), call);
    return send(params);
  }
  return beside(transaction as TransactionHandle, call, () => send(params));
};

function bringBack(item: BatchItem | undefined, call: StartedCall): void {
  hasCome(call);
  item?.claim(call.transaction, (run) => {
    // The promises of its items reject for their callers.
    inQueue(call.transaction, run, call).catch(() => undefined);
  });
}
