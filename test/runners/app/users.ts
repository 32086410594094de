import type { Tx } from "./db.js";
import { InvoiceDue } from "./events.js";

/** Registers a user who has to pay at once. */
export async function register(client: Tx, email: string, total = 10): Promise<number> {
  return client.$transaction(async (tx) => {
    const { id } = await tx.user.create({ data: { email } });
    if (total < 0) throw new RangeError("nobody is paid for registering");
    await tx.$publish(InvoiceDue({ total }, { aggregateKey: id }));
    return id;
  });
}
