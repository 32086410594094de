import { noteInstead } from "../prisma/caller.js";
import { captureSent } from "../prisma/capture-when-sent.js";
import {
  type InternalClient,
  type InternalParams,
  incompatible,
  isOurs,
  rootOf,
  type TransactionHandle,
} from "../prisma/internals.js";
import { type Seat, seatOf } from "./joined-batch.js";
import { beside, hasCome, inTurn, startCall } from "./transaction-queue.js";
import type { Ticket } from "./turns.js";

/** On a call's parameters: when it started. */
const TICKET = Symbol("ex-event-bus.ticket");

type Request = InternalClient["_request"];

interface CallParams {
  readonly transaction?: { readonly kind?: unknown } | undefined;
  [TICKET]?: Ticket;
}

/** When a call started; undefined when it is in no transaction that a client of ours has opened. */
export function ticketOf(params: InternalParams): Ticket | undefined {
  return (params as CallParams)[TICKET];
}

const ordering = new WeakSet<Request>();

/**
 * Has a client, and the clients of its transactions, send what is called in a transaction in the order in which it was
 * started. Prisma does so; captured calls take more steps, so that others would overtake them. Calls that are in no
 * transaction go on as they came.
 */
export function keepOrder(client: InternalClient): void {
  if (keepsOrder(client)) return;
  const { _request: request, _executeRequest: execute } = client;
  client._request = function (this: InternalClient, params: CallParams) {
    if (params.transaction?.kind !== "itx") return request.call(this, params);
    const ticket = startCall(params.transaction as TransactionHandle);
    params[TICKET] = ticket;
    const answer = request.call(this, params);
    // Another extension may have answered, or failed.
    const end = () => hasCome(ticket);
    answer.then(end, end);
    return answer;
  };
  noteInstead(request, client._request);
  const ordered: Request = function (this: InternalClient, params: CallParams) {
    const { transaction, [TICKET]: ticket } = params;
    if (transaction === undefined || isOurs(params)) return execute.call(this, params);
    // It takes its turn by itself.
    const captured = captureSent(params as InternalParams, (sent) => execute.call(this, sent));
    if (captured !== undefined) return captured;
    if (transaction.kind !== "itx") {
      // An extension has put it into a batch of its own, out of the transaction that it was called in.
      if (ticket !== undefined) bringBack(seatOf(transaction), ticket);
      return execute.call(this, params);
    }
    return beside(transaction as TransactionHandle, ticket, () => execute.call(this, params));
  };
  client._executeRequest = ordered;
  ordering.add(ordered);
  if (!keepsOrder(client)) throw incompatible("_executeRequest, which sends what is called");
}

function bringBack(seat: Seat | undefined, ticket: Ticket): void {
  hasCome(ticket);
  seat?.claim(ticket.transaction, (run) => {
    // What fails in it is told to who has called it.
    inTurn(ticket.transaction, run, ticket).catch(() => undefined);
  });
}

/** Whether what is called on a client keeps its order. */
export function keepsOrder(client: InternalClient): boolean {
  return ordering.has(client._executeRequest);
}

const held = new WeakMap<InternalClient, Promise<void>>();

/**
 * Checks, once for each root client, that Prisma's calls go through what {@link keepOrder} replaces. Sends nothing.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`
 */
export function checkOrder(client: InternalClient): Promise<void> {
  const root = rootOf(client);
  const known = held.get(root) ?? askOrder(root);
  held.set(root, known);
  return known;
}

async function askOrder(root: InternalClient): Promise<void> {
  const asked = root.$extends({ name: "ex-event-bus" }) as InternalClient;
  const handle = { kind: "itx", id: "none" } as const;
  const seen: boolean[] = [];
  asked._executeRequest = (params: CallParams) => {
    seen.push(params.transaction === handle && params[TICKET] !== undefined);
    return Promise.resolve(null);
  };
  keepOrder(asked);
  await asked.$queryRawUnsafe("select 1").requestTransaction(handle);
  const model = Object.keys(root._runtimeDataModel.models)[0] as keyof InternalClient | undefined;
  const calls =
    model && (asked[model] as unknown as { count(): ReturnType<InternalClient["$queryRawUnsafe"]> });
  await calls?.count().requestTransaction(handle);
  if (seen.join() !== (calls === undefined ? "true" : "true,true"))
    throw incompatible("the steps of a call (_request, _executeRequest)");
}
