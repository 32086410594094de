import { defineSubscriber, fixed } from "ex-event-bus";

import type { Tx } from "./db.js";
import { InvoiceDue, UserRegistered } from "./events.js";

/** The mails that were sent, by the key that the mail service knows them by. */
export const mails = new Map<string, string>();

/** The mail service knows what it has sent. */
export const sendWelcome = defineSubscriber({
  name: "send-welcome",
  events: [UserRegistered],
  retry: { maxAttempts: 3, backoff: fixed(1000) },
  handle(event, ctx) {
    if (event.aggregate.email === "nobody@example.com") return ctx.cancel("there is nobody");
    if (event.aggregate.email.startsWith("bad")) throw new Error("no such mailbox");
    mails.set(ctx.idempotencyKey, event.aggregate.email);
  },
});

/** Forgets what it has done. */
export const greetTwice = defineSubscriber({
  name: "greet-twice",
  events: [UserRegistered],
  handle(event) {
    mails.set(`greeting ${mails.size}`, event.aggregate.email);
  },
});

/** Its effects are committed with the delivery. */
export const keepBalance = defineSubscriber({
  name: "keep-balance",
  events: [InvoiceDue],
  transactional: true,
  async handle(event, ctx) {
    const tx = ctx.tx as unknown as Tx;
    await tx.label.create({ data: { name: `${event.aggregateKey}: ${event.aggregate.total}` } });
  },
});

export const subscribers = [sendWelcome, greetTwice, keepBalance];
