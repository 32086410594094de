import {
  type InternalClient,
  type InternalParams,
  isOurs,
  type TransactionHandle,
} from "../prisma/internals.js";
import { captureSent, type Instead, replaceSteps } from "../prisma/replace-steps.js";
import { type Seat, seatOf } from "./joined-batch.js";
import { beside, hasCome, inTurn, startCall } from "./transaction-queue.js";
import type { Ticket } from "./turns.js";

/** On a call's parameters: when it started. */
const TICKET = Symbol("ex-event-bus.ticket");

type Ordered = InternalParams & { [TICKET]?: Ticket };

/** When a call started; undefined when it is in no transaction that a client of ours has opened. */
export function ticketOf(params: InternalParams): Ticket | undefined {
  return (params as Ordered)[TICKET];
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
  const ticket = startCall(transaction);
  (params as Ordered)[TICKET] = ticket;
  const answer = start(params);
  // Another extension may have answered, or failed.
  const end = () => hasCome(ticket);
  answer.then(end, end);
  return answer;
};

const sendInOrder: Instead = (_, params, send) => {
  const { transaction, [TICKET]: ticket } = params as Ordered;
  if (transaction === undefined || isOurs(params)) return send(params);
  // It takes its turn by itself.
  const captured = captureSent(params, send);
  if (captured !== undefined) return captured;
  if (transaction.kind !== "itx") {
    // An extension has put it into a batch of its own, out of the transaction that it was called in.
    if (ticket !== undefined) bringBack(seatOf(transaction), ticket);
    return send(params);
  }
  return beside(transaction as TransactionHandle, ticket, () => send(params));
};

function bringBack(seat: Seat | undefined, ticket: Ticket): void {
  hasCome(ticket);
  seat?.claim(ticket.transaction, (run) => {
    // What fails in it is told to who has called it.
    inTurn(ticket.transaction, run, ticket).catch(() => undefined);
  });
}
