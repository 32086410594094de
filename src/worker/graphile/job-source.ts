import { batched } from "../../delivery/batched.js";
import { stateOf } from "../../delivery/connection-error.js";
import type { Executor } from "../../outbox/executor.js";
import { statementRecogniser } from "../../outbox/graphile/known-statements.js";
import { takeJobs } from "../../outbox/graphile/take-jobs.js";
import type { LoadedDelivery } from "../../outbox/load-delivery.js";
import type { SchemaNames } from "../../outbox/schema-names.js";

/** What graphile-worker is answered instead of by the database. */
export interface Answer {
  readonly rows: readonly object[];
}

/**
 * Answers the two statements that graphile-worker sends for each job. Those that take a job are gathered, and the event is
 * read with the job. Those that delete a job are not sent when the job was deleted with the outcome of its delivery. Every
 * statement that is not known by its whole text goes to the database as it is.
 */
export interface JobSource {
  /** Undefined: it is to be sent. */
  answer(query: unknown): Promise<Answer> | undefined;
  /** What was read with a job, which is the object that graphile-worker was given. Undefined: it has to be read. */
  loadedOf(job: object): LoadedDelivery | undefined;
  /** A job was deleted with the outcome of its delivery. */
  deleted(jobId: string): void;
  /** From now on no job is taken. */
  close(): void;
}

/** What graphile-worker does by a statement that is not known. */
export type UnknownStatement = "take" | "delete";

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

type TakeOne = { readonly workerId: string; readonly taskIds: readonly number[] };

/** Where a job has what was read with it: a table on the side would keep the garbage collector busy. */
const READ = Symbol("read");

interface Read {
  readonly loaded: LoadedDelivery | undefined;
  /** By the clock that goes on while the process is stopped. */
  readonly readAt: number;
}

interface SourcedJob {
  readonly attempts: number;
  [READ]?: Read;
}

/** What is older is read again: others may have made the delivery, paused its subscriber or erased the event. */
const FRESH_MS = 1_000;

/** graphile-worker sends the deletion of a job at once. So many that were never asked for, it deletes otherwise. */
const MOST_DELETED = 10_000;

/** Whether a statement failed for what is in a row, and not because of the connection or the server. */
function isAboutOne(error: unknown): boolean {
  const state = stateOf(error);
  return state !== undefined && /^(22|XX|54)/.test(state);
}

/**
 * @param onUnknown is told, once for each, what graphile-worker does by a statement that is not known: that job costs a
 * statement more, and nothing else.
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
      // Nothing was taken. Without the events everything is; the one that cannot be read fails alone.
      return takeJobs(executor, names, { ...one, most, unread: true });
    });
    const readAt = Date.now();
    return taken.map(({ job, loaded }: { readonly job: SourcedJob; readonly loaded: Read["loaded"] }) => {
      job[READ] = { loaded: job.attempts === 1 ? loaded : undefined, readAt };
      return job;
    });
  };
  // All that ask at the same time know the same tasks, and an error would meet each of them.
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

/** Whether a statement that is not known deletes jobs, as far as its text tells. */
function deletesJobs(text: string): boolean {
  return /\bdelete\s+from\b[^;]*\._private_jobs\b/i.test(text);
}

/** Each number has a statement of its own, which is prepared on each connection: there are to be few of them. */
function powerOfTwo(waiting: number): number {
  return 2 ** Math.floor(Math.log2(waiting));
}
