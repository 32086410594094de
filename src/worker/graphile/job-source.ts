import { batched } from "../../delivery/batched.js";
import { stateOf } from "../../delivery/connection-error.js";
import type { Executor } from "../../outbox/executor.js";
import { statementRecogniser } from "../../outbox/graphile/known-statements.js";
import { takeJobs } from "../../outbox/graphile/take-jobs.js";
import type { LoadedDelivery } from "../../outbox/load-delivery.js";
import type { SchemaNames } from "../../outbox/schema-names.js";

/** An answer for graphile-worker in place of one of the database. */
export interface Answer {
  readonly rows: readonly object[];
}

/**
 * Answers the two statements that graphile-worker sends for each job. Concurrent statements that take a job become one, which also
 * reads the events. A statement that deletes a job is not sent if the job was deleted with the outcome of its delivery. Every
 * statement whose complete text is not known goes to the database unchanged.
 */
export interface JobSource {
  /** The answer to a query; undefined if it must be sent. */
  answer(query: unknown): Promise<Answer> | undefined;
  /** The delivery that was read with a job; undefined if it must be read. `job` is the same object as in the answer. */
  loadedOf(job: object): LoadedDelivery | undefined;
  /** Records that a job was deleted with the outcome of its delivery. */
  deleted(jobId: string): void;
  /** After this call, no job is taken. */
  close(): void;
}

/** The purpose of a statement of graphile-worker that is not known. */
export type UnknownStatement = "take" | "delete";

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

type TakeOne = { readonly workerId: string; readonly taskIds: readonly number[] };

/** The property of a job that has the delivery read with it. A map of jobs would cost the garbage collector more time. */
const READ = Symbol("read");

interface Read {
  readonly loaded: LoadedDelivery | undefined;
  /** By `Date.now()`, because that clock continues while the process is stopped. */
  readonly readAt: number;
}

interface SourcedJob {
  readonly attempts: number;
  [READ]?: Read;
}

/** A delivery that was read earlier is read again: it may be made by now, its subscriber paused, or its event erased. */
const FRESH_MS = 1_000;

/** graphile-worker deletes each job soon after its outcome. If so many are not deleted, its statement for that is not known. */
const MOST_DELETED = 10_000;

/** Whether a statement failed because of the content of a row, and not because of the connection or the server. */
function isAboutOne(error: unknown): boolean {
  const state = stateOf(error);
  return state !== undefined && /^(22|XX|54)/.test(state);
}

/**
 * @param onUnknown called once for each purpose that graphile-worker has an unknown statement for. Each job then costs one statement
 * more, and nothing else changes.
 */
export function openJobSource(
  executor: Executor,
  names: SchemaNames,
  onUnknown: (statement: UnknownStatement) => void = () => undefined,
): JobSource {
  const recognise = statementRecogniser(names);
  const deleted = new Set<string>();
  const unknown = new Set<UnknownStatement>();
  let isClosed = false;
  const note = (statement: UnknownStatement) => {
    if (unknown.has(statement)) return;
    unknown.add(statement);
    if (statement === "delete") deleted.clear();
    onUnknown(statement);
  };
  const take = async (one: TakeOne, most: number): Promise<readonly object[]> => {
    if (isClosed) return [];
    const taken = await takeJobs(executor, names, { ...one, most }).catch((error: unknown) => {
      if (!isAboutOne(error)) throw error;
      // No job was taken. Without their events, all can be. Later only the delivery fails whose event cannot be read.
      return takeJobs(executor, names, { ...one, most, unread: true });
    });
    const readAt = Date.now();
    return taken.map(({ job, loaded }: { readonly job: SourcedJob; readonly loaded: Read["loaded"] }) => {
      job[READ] = { loaded: job.attempts === 1 ? loaded : undefined, readAt };
      return job;
    });
  };
  // All loops have the same tasks, and an error would happen to each of them.
  const takeOne = batched<TakeOne, object | undefined>(
    (some) => take(some[0] as TakeOne, some.length),
    powerOfTwo,
    () => true,
  );
  const answerTake = (values: readonly unknown[], most: number): Promise<Answer> => {
    const [workerId, taskIds] = values as [string, number[]];
    if (most > 1) return take({ workerId, taskIds }, most).then((rows) => ({ rows }));
    return takeOne({ workerId, taskIds }).then((job) => ({ rows: job === undefined ? [] : [job] }));
  };
  return {
    answer(query) {
      const { text, values } = query as Partial<Statement>;
      if (typeof text !== "string" || !Array.isArray(values)) return undefined;
      const recognised = recognise(text);
      if (recognised === undefined) {
        if (deletesJobs(text)) note("delete");
        return undefined;
      }
      const { statement, most } = recognised;
      if (statement.kind === "take") return values.length === 2 ? answerTake(values, most) : undefined;
      if (statement.kind !== "delete" || values.length !== 1 || deleted.size === 0) return undefined;
      const ids = [values[0] as string | readonly string[]].flat();
      // Deleting again does no harm.
      return ids.filter((id) => !deleted.delete(id)).length > 0 ? undefined : Promise.resolve({ rows: [] });
    },
    loadedOf({ [READ]: read }: Partial<SourcedJob>) {
      if (read === undefined) note("take");
      else if (Date.now() - read.readAt < FRESH_MS) return read.loaded;
      return undefined;
    },
    deleted(jobId) {
      if (unknown.has("delete")) return;
      deleted.add(jobId);
      if (deleted.size > MOST_DELETED) note("delete");
    },
    close() {
      isClosed = true;
    },
  };
}

/** Whether an unknown statement seems to delete jobs, by its text. */
function deletesJobs(text: string): boolean {
  return /\bdelete\s+from\b[^;]*\._private_jobs\b/i.test(text);
}

/** Each size is a separate statement that each connection prepares, so there are few sizes. */
function powerOfTwo(waiting: number): number {
  return 2 ** Math.floor(Math.log2(waiting));
}
