import type { Pool } from "pg";

import type { BusClient } from "./clients.js";
import { withRefusedCommits } from "./refused-commits.js";

/** What a write needs: the client, or the client of a transaction. */
export type Db = Pick<BusClient, "user" | "post" | "$queryRaw" | "$publish">;

/** A write that has not started yet. */
export type Write = (db: Db) => ReturnType<BusClient["$publish"]> | ReturnType<Db["user"]["create"]>;

/** A place from which a write can be called. */
export interface Context {
  readonly name: string;
  /** Calls the write so that it is committed. */
  commits(prisma: BusClient, write: Write, pool: Pool): Promise<unknown>;
  /** Calls the write so that it runs and is rolled back. */
  rollsBack(prisma: BusClient, write: Write, pool: Pool): Promise<unknown>;
}

const rollback = new Error("roll back");

async function expectRollback(attempt: Promise<unknown>): Promise<void> {
  const outcome = await attempt.then(
    () => "committed",
    (error: unknown) => error,
  );
  if (outcome !== rollback) throw new Error("expected a rollback", { cause: outcome });
}

async function expectFailure(attempt: PromiseLike<unknown>, message: string): Promise<void> {
  const outcome = await Promise.resolve(attempt).then(
    () => "committed",
    (error: unknown) => String(error),
  );
  if (!outcome.includes(message)) throw new Error(`expected "${message}", found: ${outcome}`);
}

/** A statement that PostgreSQL refuses. */
const failing = (db: Db) => db.$queryRaw`select 1 / 0`;

/** Every context that a mutation can be called in. */
export const contexts: readonly Context[] = [
  {
    name: "a bare call",
    commits: async (prisma, write) => write(prisma),
    rollsBack: (prisma, write, pool) =>
      withRefusedCommits(pool, () => expectFailure(write(prisma), "commit refused")),
  },
  {
    name: "an interactive transaction",
    commits: (prisma, write) => prisma.$transaction((tx) => write(tx)),
    rollsBack: (prisma, write) =>
      expectRollback(
        prisma.$transaction(async (tx) => {
          await write(tx);
          throw rollback;
        }),
      ),
  },
  {
    name: "a nested transaction",
    commits: (prisma, write) => prisma.$transaction((tx) => tx.$transaction((nested) => write(nested))),
    // The outer one commits.
    rollsBack: (prisma, write) =>
      prisma.$transaction(async (tx) => {
        await expectRollback(
          tx.$transaction(async (nested) => {
            await write(nested);
            throw rollback;
          }),
        );
      }),
  },
  {
    name: "a nested transaction whose outer one fails",
    commits: (prisma, write) =>
      prisma.$transaction(async (tx) => {
        await expectRollback(tx.$transaction(() => Promise.reject(rollback)));
        await tx.$transaction((nested) => write(nested));
      }),
    rollsBack: (prisma, write) =>
      expectRollback(
        prisma.$transaction(async (tx) => {
          await tx.$transaction((nested) => write(nested));
          throw rollback;
        }),
      ),
  },
  {
    name: "the outer transaction of a nested one",
    commits: (prisma, write) =>
      prisma.$transaction(async (tx) => {
        await tx.$transaction((nested) => nested.$queryRaw`select 1`);
        await write(tx);
        await expectRollback(tx.$transaction(() => Promise.reject(rollback)));
      }),
    rollsBack: (prisma, write) =>
      expectRollback(
        prisma.$transaction(async (tx) => {
          await write(tx);
          await tx.$transaction((nested) => nested.$queryRaw`select 1`);
          throw rollback;
        }),
      ),
  },
  {
    name: "a batch",
    commits: (prisma, write) =>
      prisma.$transaction([prisma.user.count(), write(prisma), prisma.post.count()]),
    rollsBack: (prisma, write) =>
      expectFailure(prisma.$transaction([write(prisma), failing(prisma)]), "22012"),
  },
  {
    name: "a batch in an interactive transaction",
    commits: (prisma, write) => prisma.$transaction((tx) => tx.$transaction([write(tx), tx.user.count()])),
    // The outer one commits.
    rollsBack: (prisma, write) =>
      prisma.$transaction(async (tx) => {
        await expectFailure(tx.$transaction([write(tx), failing(tx)]), "22012");
        await tx.$queryRaw`select 1`;
      }),
  },
  {
    name: "a batch whose surrounding transaction fails",
    commits: (prisma, write) =>
      prisma.$transaction(async (tx) => {
        await tx.$transaction([tx.user.count(), tx.user.count()]);
        await tx.$transaction([write(tx)]);
      }),
    rollsBack: (prisma, write) =>
      expectRollback(
        prisma.$transaction(async (tx) => {
          await tx.$transaction([write(tx)]);
          throw rollback;
        }),
      ),
  },
  {
    name: "the outer client in somebody else's transaction",
    // Not part of that transaction, which fails.
    commits: (prisma, write) =>
      expectRollback(
        prisma.$transaction(async () => {
          await write(prisma);
          throw rollback;
        }),
      ),
    rollsBack: (prisma, write, pool) =>
      prisma.$transaction((tx) =>
        withRefusedCommits(pool, async () => {
          await expectFailure(write(prisma), "commit refused");
          await tx.$queryRaw`select 1`;
        }),
      ),
  },
];
