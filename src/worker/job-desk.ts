import { batched } from "../delivery/batched.js";
import { stateOf } from "../delivery/connection-error.js";
import type { Executor } from "../outbox/executor.js";
import type { LoadedDelivery } from "../outbox/load-delivery.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { takeJobs } from "../outbox/take-jobs.js";

/** What graphile-worker is answered instead of by the database. */
export interface Answer {
  readonly rows: readonly object[];
}

/**
 * Answers the two statements that graphile-worker sends for each job. Those that take a job are gathered, and read the
 * events with them; those that delete one need not be sent when the job went with the outcome of its delivery. What is
 * not known here, of another version of graphile-worker as well, goes to the database as it is.
 */
export interface JobDesk {
  /** Undefined: it is to be sent. */
  answer(query: unknown): Promise<Answer> | undefined;
  /** What was read with a job, which is the object that graphile-worker was given. Undefined: it has to be read. */
  loadedOf(job: object): LoadedDelivery | undefined;
  /** A job is in the table no more. */
  gone(jobId: string): void;
  /** From now on nobody gets a job. */
  close(): void;
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

type TakeOne = { readonly workerId: string; readonly taskIds: readonly number[] };

const TAKES_JOBS =
  /^with j(?:_raw)? as \(\s+select jobs\.job_queue_id, [^;]* limit (\d+)\s+for update\s+skip locked/;
const DELETES_JOBS = /^delete from \S+\._private_jobs as jobs\s+(?:where|using) /;

/** Where a job has what was read with it: a table on the side would keep the garbage collector busy. */
const READ = Symbol("read");

interface Read {
  readonly loaded: LoadedDelivery;
  /** By the clock that goes on while the process is stopped. */
  readonly readAt: number;
}

/** What is older is read again: others may have made the delivery, paused its subscriber or erased the event. */
const FRESH_MS = 1_000;

/** Whether a statement failed for what is in a row, and not because of the connection or the server. */
function isAboutOne(error: unknown): boolean {
  const state = stateOf(error);
  return state !== undefined && /^(22|XX|54)/.test(state);
}

export function openJobDesk(executor: Executor, names: SchemaNames): JobDesk {
  const gone = new Set<string>();
  let isClosed = false;
  const take = async (one: TakeOne, most: number): Promise<readonly object[]> => {
    if (isClosed) return [];
    const taken = await takeJobs(executor, names, { ...one, most }).catch((error: unknown) => {
      if (!isAboutOne(error)) throw error;
      // Nothing was taken. Without the events everything is; who cannot be read fails alone.
      return takeJobs(executor, names, { ...one, most, unread: true });
    });
    const readAt = Date.now();
    return taken.map(({ job, loaded }) =>
      loaded === undefined || job.attempts !== 1 ? job : { ...job, [READ]: { loaded, readAt } },
    );
  };
  // Who asks at the same time knows the same tasks, and an error would meet each of them.
  const takeOne = batched<TakeOne, object | undefined>(
    (some) => take(some[0] as TakeOne, some.length),
    powerOfTwo,
    () => true,
  );
  return {
    answer(query) {
      const { text = "", values = [] } = query as Partial<Statement>;
      const most = values.length === 2 ? TAKES_JOBS.exec(text)?.[1] : undefined;
      if (most !== undefined) {
        const [workerId, taskIds] = values as [string, number[]];
        const rows =
          most === "1"
            ? takeOne({ workerId, taskIds }).then((job) => (job === undefined ? [] : [job]))
            : undefined;
        return (rows ?? take({ workerId, taskIds }, Number(most))).then((jobs) => ({ rows: jobs }));
      }
      if (gone.size === 0 || values.length !== 1 || !DELETES_JOBS.test(text)) return undefined;
      const ids = [values[0] as string | readonly string[]].flat();
      // Deleting again does no harm.
      return ids.filter((id) => !gone.delete(id)).length > 0 ? undefined : Promise.resolve({ rows: [] });
    },
    loadedOf({ [READ]: read }: { readonly [READ]?: Read }) {
      return read !== undefined && Date.now() - read.readAt < FRESH_MS ? read.loaded : undefined;
    },
    gone: (jobId) => void gone.add(jobId),
    close() {
      isClosed = true;
    },
  };
}

/** Each number has a statement of its own, which is prepared on each connection: there are to be few of them. */
function powerOfTwo(waiting: number): number {
  return 2 ** Math.floor(Math.log2(waiting));
}
