// What the application does: plain Prisma, apart from one event that is published by hand.
import type { EventOf } from "ex-event-bus";

import { prisma } from "./db.js";
import { OrderPlaced } from "./events.js";
import type { Narrator } from "./narrator.js";

type Lines = EventOf<typeof OrderPlaced>["aggregate"]["lines"];

const products = [
  { sku: "globe", title: "Globe", price: 45, stock: 6 },
  { sku: "keyboard", title: "Keyboard", price: 79, stock: 40 },
  { sku: "lamp", title: "Desk lamp", price: 39.9, stock: 50 },
  { sku: "mouse", title: "Mouse", price: 24.5, stock: 60 },
  { sku: "screen", title: "Screen", price: 289, stock: 30 },
];

/** The order, its lines and the event are written together, or not at all. */
function placeOrder(userId: number, lines: Lines) {
  return prisma.$transaction(async (tx) => {
    const order = await tx.order.create({
      data: { userId, total: priceOf(lines), lines: { create: lines } },
    });
    await tx.$publish(OrderPlaced({ userId, lines }, { aggregateKey: order.id }));
    return order;
  });
}

function priceOf(lines: Lines): number {
  const price = (sku: string) => products.find((product) => product.sku === sku)?.price ?? 0;
  return lines.reduce((sum, { sku, quantity }) => sum + quantity * price(sku), 0);
}

type Order = Awaited<ReturnType<typeof placeOrder>>;

/** A payment can be declined after its row was written: then that row, and its event, never were. */
function pay(order: Order, reference: string, bank: "accepts" | "declines" = "accepts") {
  return prisma.$transaction(async (tx) => {
    const payment = await tx.payment.create({ data: { orderId: order.id, amount: order.total, reference } });
    if (bank === "declines") throw new Error("The bank declines the payment");
    await tx.order.update({ where: { id: order.id }, data: { status: "PAID" } });
    return payment;
  });
}

/** A day in the shop. */
export async function runShop({ act }: Narrator): Promise<void> {
  await act("The shelves are filled", () => prisma.product.createMany({ data: products }));
  const register = (name: string) =>
    act(`${name} registers`, () =>
      prisma.user.create({ data: { name, email: `${name.toLowerCase()}@example.org` } }),
    );
  const ada = await register("Ada");
  const bob = await register("Bob");
  const eve = await register("Eve");
  await act("Ada changes her address", () =>
    prisma.user.update({ where: { id: ada.id }, data: { email: "ada@example.com" } }),
  );
  await act("Bob saves his profile without a change", () =>
    prisma.user.update({ where: { id: bob.id }, data: { name: "Bob" } }),
  );

  const first = await act("Ada orders two keyboards and a mouse", () =>
    placeOrder(ada.id, [
      { sku: "keyboard", quantity: 2 },
      { sku: "mouse", quantity: 1 },
    ]),
  );
  await act("Ada pays", () => pay(first, "card-1"));
  await act("Eve orders three globes: few are left", () =>
    placeOrder(eve.id, [{ sku: "globe", quantity: 3 }]),
  );
  const second = await act("Bob orders five screens", () =>
    placeOrder(bob.id, [{ sku: "screen", quantity: 5 }]),
  );
  await act("Bob's payment is declined and rolled back, with its event", () =>
    pay(second, "card-2", "declines").catch(() => undefined),
  );
  const payment = await act("Bob pays with another card", () => pay(second, "card-3"));
  await act("Bob cancels his order and is refunded", () =>
    prisma.$transaction([
      prisma.order.update({ where: { id: second.id }, data: { status: "CANCELLED" } }),
      prisma.payment.delete({ where: { id: payment.id } }),
    ]),
  );
  await act("Everybody orders and pays at the same time", () =>
    Promise.all(
      [ada, bob, eve, ada, bob, eve].map(async ({ id }, index) => {
        const order = await placeOrder(id, [
          { sku: index % 2 === 0 ? "lamp" : "mouse", quantity: index + 1 },
        ]);
        await pay(order, `rush-${index}`);
      }),
    ),
  );
}
