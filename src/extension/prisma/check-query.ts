import { isEventBusError } from "../../errors.js";
import { databaseFailure } from "../../outbox/database-error.js";
import { identityIn, TRANSACTION_IDENTITY, transactionIdentity } from "../../outbox/transaction-identity.js";
import { type HookCall, paramsOf } from "./call-params.js";
import { assertUnpacked, interceptRequest, type Progress } from "./intercept-request.js";
import {
  type InternalClient,
  type InternalParams,
  type LazyPromise,
  missingStep,
  requestIn,
  type TransactionHandle,
} from "./internals.js";
import { sendWith } from "./lazy-promise.js";
import { executeIn, executorIn, isOwnFailure, noteOwnFailure, quietly } from "./own-client.js";
import { anyModel, methodsOf } from "./probe.js";
import { captureWhenSent } from "./replace-steps.js";
import type { CallArgs } from "./selection.js";
import type { PrivateStepName } from "./steps.js";

/** The steps of a query, in the order in which Prisma takes them. */
const ORDER = ["argsMapper", "lock", "unpacker"] as const;

/** What was seen of a query. */
interface Seen {
  readonly steps: string[];
  /** The transaction of a statement that was sent while the query waited, and that of the query. */
  readonly transactions: (string | undefined)[];
  /** What Prisma had unpacked. */
  answer?: unknown;
}

/**
 * Sends queries as captured calls are sent, and looks whether they go into `transaction` and are answered by our own step:
 * two statements that read nothing, and queries for which Prisma sends none.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`; else what a statement failed with, which says nothing about Prisma.
 */
export async function checkQuery(root: InternalClient, transaction: TransactionHandle): Promise<void> {
  const raw = await ask(root, transaction, true, (client) => client.$queryRawUnsafe(TRANSACTION_IDENTITY));
  const [around, own] = [raw.transactions[0], identityIn(raw.answer)];
  if (own === "") throw missingStep("unpacker");
  if (around !== own) throw missingStep("lock");
  const model = anyModel(root);
  if (model === undefined) return;
  const { name, jsName, column } = model;
  const args = { take: 0, select: { [column]: true } };
  const rows = await ask(
    root,
    transaction,
    false,
    (client) => methodsOf(client, jsName)?.findMany(args) as LazyPromise,
  );
  if (!isEmptyList(rows.answer)) throw missingStep("unpacker");
  const like = { model: name, jsModelName: jsName, clientMethod: `${jsName}.findMany`, dataPath: [] };
  const answered = await judged(
    () => "answer",
    () => Promise.resolve(false),
    () => requestIn(root, transaction, like, "findMany", args),
  );
  if (!isEmptyList(answered)) throw missingStep("answer");
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

async function ask(
  root: InternalClient,
  transaction: TransactionHandle,
  hasStatement: boolean,
  call: (client: InternalClient) => LazyPromise,
): Promise<Seen> {
  const seen: Seen = { steps: [], transactions: [] };
  const progress: Progress = { isSent: false, answer: undefined };
  const token: readonly unknown[] = [];
  const steps = {
    map: (args: CallArgs) => {
      seen.steps.push("argsMapper");
      return args;
    },
    before: async () => {
      seen.steps.push("lock");
      if (hasStatement) seen.transactions.push(await transactionIdentity(executorIn(root, transaction)));
    },
    unpack: (answer: unknown) => {
      seen.steps.push("unpacker");
      seen.answer = answer;
      return token;
    },
  };
  const hook = (given: HookCall<string, object>) => {
    const params = paramsOf(given);
    captureWhenSent(params, (sent: InternalParams, send) =>
      send(interceptRequest(sent, transaction, steps, progress, undefined)),
    );
    return given.query(given.args, params);
  };
  const query = { $queryRawUnsafe: hook, $allModels: { findMany: hook } };
  const asked = quietly(root.$extends({ name: "ex-event-bus", query }) as InternalClient);
  const next = () => ORDER.find((step) => !seen.steps.includes(step)) ?? "unpacker";
  // Drivers throw plain errors when a connection breaks, and Prisma hands them on.
  const isLost = async () => progress.isSent && hasStatement && !(await isAnswered(root, transaction));
  const answer = await judged(next, isLost, () => sendWith(call(asked), transaction));
  const wrong = ORDER.find((step, index) => seen.steps[index] !== step);
  if (wrong !== undefined || seen.steps.length !== ORDER.length) throw missingStep(wrong ?? "unpacker");
  assertUnpacked(answer, progress);
  return seen;
}

/**
 * Runs a query. A failure means that `step` is missing, unless the database or the way to it has failed.
 *
 * @param isLost whether the transaction may have lost its connection.
 */
async function judged(
  step: () => PrivateStepName,
  isLost: () => Promise<boolean>,
  run: () => Promise<unknown>,
): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (isEventBusError(error)) throw error;
    const isOfDatabase = isFailure(error) || isOwnFailure(error) || (await isLost());
    if (!isOfDatabase) throw missingStep(step(), error);
    noteOwnFailure(error);
    throw error;
  }
}

/** Whether a transaction still answers a statement. */
async function isAnswered(root: InternalClient, transaction: TransactionHandle): Promise<boolean> {
  return executeIn(root, transaction, "select 1").then(
    () => true,
    () => false,
  );
}

/** Timeouts of a transaction, and of waiting for a connection, and what is told of connections. */
const UNREACHED = /^P(1\d{3}|2024|2028)$/;

function isFailure(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return (
    databaseFailure(error) !== undefined ||
    name === "DriverAdapterError" ||
    name === "PrismaClientInitializationError" ||
    UNREACHED.test(String(code))
  );
}
