import type { TransactionOf } from "../../src/registry/register.js";
import { prisma, UserRegistered } from "./shop.js";

type Tx = TransactionOf<typeof prisma>;

export async function register(tx: Tx, email: string) {
  const user = await tx.user.create({ data: { email }, select: { id: true } });
  await tx.$publish(UserRegistered(await tx.user.findUniqueOrThrow({ where: { id: user.id } })));
  // @ts-expect-error a transaction's client cannot be disconnected
  await tx.$disconnect();
  // @ts-expect-error no such column
  await tx.user.create({ data: { emial: email } });
  return user.id;
}

await prisma.$transaction((tx) => register(tx, "ann@example.org"));
// @ts-expect-error only clients have transactions
export type None = TransactionOf<{ readonly user: string }>;
