import { runOnce } from "graphile-worker";
import type { Pool } from "pg";

import { SILENT } from "../../log/logger.js";
import { type StatementKind, statementRecogniser } from "../../outbox/graphile/known-statements.js";
import type { SchemaNames } from "../../outbox/schema-names.js";
import { settlesWithin } from "../settles-within.js";
import type { UnknownStatement } from "./job-source.js";
import { quietLogger } from "./quiet-logger.js";
import { IN_BATCHES } from "./run-options.js";

/** The statements that graphile-worker sent for some jobs to a pool that pretends to be a database. */
export interface Recording {
  /** The kinds of statements that must be among them. */
  readonly kinds: readonly StatementKind[];
  readonly statements: readonly string[];
}

interface Scenario {
  readonly kinds: readonly StatementKind[];
  /** The number of jobs. They are deleted together. */
  readonly jobs: number;
  readonly localQueueSize?: number;
  readonly queueId?: number;
}

/** Together they make graphile-worker send every statement that it sends for the jobs of a worker. */
const SCENARIOS: readonly Scenario[] = [
  { kinds: ["take", "delete"], jobs: 1 },
  { kinds: ["take", "delete"], jobs: 2 },
  { kinds: ["take", "delete"], jobs: 2, localQueueSize: 8 },
  { kinds: ["take", "delete in queue"], jobs: 1, queueId: 1 },
];

const ROW = { identifier: "probe", task_id: 1, payload: {}, attempts: 1, max_attempts: 2 };
const LONGEST_MS = 5_000;

function ignore(): void {}

/** Runs the installed graphile-worker on a pool that pretends to be a database, and records its statements. */
export function recordStatements(workerSchema: string): Promise<readonly Recording[]> {
  return Promise.all(SCENARIOS.map((scenario) => record(workerSchema, scenario)));
}

async function record(workerSchema: string, scenario: Scenario): Promise<Recording> {
  const { kinds, jobs, localQueueSize, queueId = null } = scenario;
  const statements: string[] = [];
  let taken = 0;
  const allTaken = deferred();
  const query = async (statement: string | { readonly text: string }) => {
    const text = typeof statement === "string" ? statement : statement.text;
    // The answer of a database whose schema is newer than the installed version: graphile-worker migrates nothing.
    if (text.includes("server_version_num"))
      return { rows: [{ server_version_num: "140000", id: 999_999, biggest_breaking_id: null }] };
    statements.push(text);
    // The same answer for every query: each row is a task and a job at once.
    const count = taken < jobs ? Math.min(jobs, localQueueSize ?? 1) : 0;
    return { rows: Array.from({ length: count }, (_, n) => ({ ...ROW, id: n + 1, job_queue_id: queueId })) };
  };
  const pool = {
    listeners: () => [ignore],
    options: { max: 10 },
    connect: async () => ({ query, release: ignore }),
  };
  const run = runOnce({
    pgPool: pool as unknown as Pool,
    schema: workerSchema,
    logger: quietLogger(SILENT),
    noHandleSignals: true,
    taskList: {
      probe: () => {
        taken += 1;
        if (taken === jobs) allTaken.resolve();
        return allTaken.promise;
      },
    },
    preset: {
      worker: {
        concurrentJobs: jobs,
        ...(localQueueSize === undefined ? {} : { localQueue: { size: localQueueSize } }),
        ...IN_BATCHES,
      },
    },
  });
  await settlesWithin(LONGEST_MS, run);
  return { kinds, statements: [...new Set(statements)] };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = ignore;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** The kinds of statements of the installed graphile-worker that the package does not know. */
export async function unknownStatements(names: SchemaNames): Promise<readonly UnknownStatement[]> {
  const recognise = statementRecogniser(names);
  const recordings = await recordStatements(names.workerSchema);
  return (["take", "delete"] as const).filter((kind) =>
    recordings.some(
      ({ kinds, statements }) =>
        kinds.includes(kind) && !statements.some((text) => recognise(text)?.statement.kind === kind),
    ),
  );
}
