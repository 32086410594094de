import type { RowChange } from "../../capture/row-change.js";
import type { Row } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import type { Model, UniqueKey } from "../../models/model.js";
import { type ManyRowsOperation, WRITE_OPERATIONS } from "../../models/operations.js";
import type { EventMetadata } from "../../registry/event.js";
import type { Mutation, Plan } from "../one-row/mutation.js";
import type { Bus } from "../prisma/bus.js";
import { callerOf } from "../prisma/call-params.js";
import { isValidationError } from "../prisma/errors.js";
import { incompatible, requestIn, type TransactionHandle } from "../prisma/internals.js";
import {
  type Answering,
  answeringOf,
  type CallArgs,
  dropUnselected,
  scalarsOf,
  selectAllScalars,
} from "../prisma/selection.js";
import { chunksOfChanges, prepareChunk } from "../rows/publish-changes.js";
import type { PublishingLine } from "../rows/publishing-line.js";
import { withoutFields } from "../rows/unreadable-values.js";

/** A captured call that writes any number of rows. */
export interface BulkMutation extends Omit<Mutation, "operation"> {
  readonly operation: ManyRowsOperation;
}

/** One run of a bulk call, where it leaves Prisma for the database. */
export interface BulkRun {
  readonly bus: Bus;
  readonly transaction: TransactionHandle;
  readonly mutation: BulkMutation;
  readonly key: UniqueKey;
  readonly plan: Plan;
  /** The arguments as the last extension left them. */
  readonly args: CallArgs;
  /** The metadata that the call gives to all of its events. */
  readonly metadata: EventMetadata | undefined;
  /** Publishes the events of the chunks. */
  readonly line: PublishingLine;
  /** Whether a statement that writes was sent. */
  hasWritten: boolean;
  /** Whether everything was written and published. */
  isDone: boolean;
}

/** Rows that a bulk call returns, and how many it wrote. */
export interface BulkAnswer {
  count: number;
  readonly rows: object[];
}

/** Sends a query through Prisma, as the caller's client. */
export function request(run: BulkRun, action: string, args: CallArgs): Promise<unknown> {
  const { bus, transaction, mutation } = run;
  return requestIn(callerOf(bus, mutation.params), transaction, mutation.params, action, args);
}

/** The same for a query that writes. */
export async function write(run: BulkRun, action: string, args: CallArgs): Promise<unknown> {
  try {
    const answer = await request(run, action, args);
    run.hasWritten = true;
    return answer;
  } catch (error) {
    // Prisma refused to send it.
    run.hasWritten ||= !isValidationError(error);
    throw error;
  }
}

/**
 * Writes rows such that the answer is the whole rows.
 *
 * @param unreadable fields that Prisma cannot read in some of the rows: selected only where the caller selects them.
 */
export async function writeRows(
  run: BulkRun,
  action: "createManyAndReturn" | "updateManyAndReturn",
  args: CallArgs,
  unreadable: ReadonlySet<string> = new Set(),
): Promise<readonly Row[]> {
  const { operation } = run.mutation;
  // A call that returns a count selects what can be read; one that returns rows selects what its caller wants.
  const model = withoutFields(run.mutation.model, unreadable);
  const asked = unreadable.size > 0 && !returnsRows(run.mutation) ? { ...args, select: allOf(model) } : args;
  const rows = (await write(
    run,
    action,
    selectAllScalars({ ...answering(run), model }, asked),
  )) as readonly Row[];
  const [first] = rows;
  const missing = first && Array.from(model.scalars.keys()).find((name) => !Object.hasOwn(first, name));
  if (missing !== undefined)
    throw incompatible(`${missing} in its answer to prisma.${model.jsName}.${operation}`);
  return rows;
}

/** The rows for their events: copies where the caller gets the rows themselves. */
export function keptRows({ mutation }: BulkRun, rows: readonly Row[]): Row[] {
  return returnsRows(mutation) ? rows.map((row) => scalarsOf(mutation.model, row)) : [...rows];
}

function allOf({ scalars }: Model): Readonly<Record<string, true>> {
  return Object.fromEntries(Array.from(scalars.keys(), (name) => [name, true as const]));
}

export function returnsRows({ operation }: BulkMutation): boolean {
  return WRITE_OPERATIONS[operation].returns === "rows";
}

/** The change of a row of the call's own model. */
export type OwnChange = Pick<RowChange, "operation" | "before" | "after">;

/** Publishes changes of the call's own rows, chunk by chunk. */
export function publishRows(run: BulkRun, changes: readonly OwnChange[]): Promise<void> {
  const { model } = run.mutation;
  return publishAll(
    run,
    changes.map(({ operation, before, after }) => ({
      model,
      operation,
      before,
      after,
      rules: run.plan[operation],
    })),
  );
}

/** The same with changes of rows of other models. */
export async function publishAll(run: BulkRun, changes: readonly RowChange[]): Promise<void> {
  const { bus, transaction, metadata } = run;
  for (const chunk of chunksOfChanges(changes))
    await run.line.add(() => prepareChunk(bus, transaction, chunk, metadata));
}

/** Adds written rows to the answer, with the columns that the caller selects. */
export function answerWith(run: BulkRun, answer: BulkAnswer, rows: readonly object[]): void {
  const { mutation, args } = run;
  answer.count += rows.length;
  if (!returnsRows(mutation)) return;
  const as = answering(run);
  for (const row of rows) {
    dropUnselected(as, args, row);
    answer.rows.push(row);
  }
}

function answering({ bus, mutation: { model, params } }: BulkRun): Answering {
  return answeringOf(bus, model, params);
}

/** @throws EventBusError `TOO_MANY_ROWS` when a call writes more rows than one transaction should. */
export function checkRows({ bus, mutation }: BulkRun, rows: number, isAtLeast: boolean): void {
  const { maxRows } = bus.options.bulk;
  if (rows <= maxRows) return;
  const { model, operation } = mutation;
  const how =
    WRITE_OPERATIONS[operation].change === "create"
      ? "Call it with parts of the list"
      : `Call it with limit: ${maxRows} until it finds no more`;
  throw new EventBusError(
    "TOO_MANY_ROWS",
    `prisma.${model.jsName}.${operation} was refused before it wrote anything: it would write ${isAtLeast ? "more than " : ""}` +
      `${isAtLeast ? maxRows : rows} rows in one transaction, expected at most ${maxRows}. ${how}, raise bulk.maxRows of eventBus(), or run it ` +
      "in prisma.$withoutEvents(() => …) if no events are wanted.",
    { value: rows, path: `${model.name}.${operation}` },
  );
}
