import type { TaskList } from "graphile-worker";

import { deliver } from "../../delivery/deliver.js";
import type { DeliverDeps } from "../../delivery/deliver-deps.js";
import type { DeliveryJob } from "../../delivery/delivery-job.js";
import type { Outcome } from "../../delivery/outcome.js";
import { taskIdentifier } from "../../outbox/graphile/job-sql.js";
import type { Subscriber } from "../../registry/subscriber.js";
import { isFatal } from "../is-fatal.js";
import type { JobSource } from "./job-source.js";

/** The deliveries of a worker. They continue when its connections are replaced. */
export interface OwnDeliveries {
  /** The deliveries that are running, by subscriber, position, subscription and generation. */
  readonly running: Map<string, Promise<Outcome>>;
}

export function ownDeliveries(): OwnDeliveries {
  return { running: new Map() };
}

/** The parts of a run of graphile-worker that its tasks need. */
export interface TaskRun {
  /** Called once for each job, as soon as its handler has ended. */
  readonly leave?: () => void;
  /** The source of the jobs of the run. */
  readonly source?: Pick<JobSource, "loadedOf" | "deleted">;
}

/**
 * Makes one task for each subscriber.
 *
 * A task must not return before the outcome is recorded: when it returns, graphile-worker deletes the job, even if another worker
 * holds the job by then. A task must return nothing, because graphile-worker gives a returned list a meaning.
 *
 * @param onFatal called with the error of a delivery that all other deliveries will meet too.
 * @param run the run of graphile-worker that the tasks are for.
 */
export function taskList(
  subscribers: readonly Subscriber[],
  own: OwnDeliveries,
  deps: DeliverDeps,
  onFatal: (error: unknown) => void,
  { leave = () => undefined, source }: TaskRun = {},
): TaskList {
  return Object.fromEntries(
    subscribers.map((subscriber) => [
      taskIdentifier(subscriber.name),
      (payload: unknown, { job }: { readonly job: ClaimedJob }) => {
        let hasLeft = false;
        const leaveOnce = () => {
          if (!hasLeft) leave();
          hasLeft = true;
        };
        let deliveryJob: DeliveryJob;
        try {
          // graphile-worker counts an attempt each time it takes a job. The delivery has the real number.
          deliveryJob = readJob(payload, job, source);
        } catch (error) {
          leaveOnce();
          throw error;
        }
        // The name is part of the key: a job that another program added must not pass for the delivery that it names.
        const key = `${subscriber.name}/${deliveryJob.position}/${deliveryJob.subscriptionId}/${deliveryJob.generation}`;
        // If the connection broke, the job was taken again while its handler still runs here.
        const delivery = own.running.get(key) ?? make(deliveryJob, key, subscriber, leaveOnce);
        return delivery.then(leaveOnce, (error: unknown) => {
          leaveOnce();
          throw error;
        });
      },
    ]),
  );

  function make(
    deliveryJob: DeliveryJob,
    key: string,
    subscriber: Subscriber,
    onHandled: () => void,
  ): Promise<Outcome> {
    const onSettled = () => deliveryJob.jobId === undefined || source?.deleted(deliveryJob.jobId);
    const delivery = deliver(deliveryJob, subscriber, deps, { onHandled, onSettled }).then(
      (outcome) => {
        own.running.delete(key);
        return outcome;
      },
      (error: unknown) => {
        own.running.delete(key);
        if (isFatal(error)) onFatal(error);
        throw error;
      },
    );
    own.running.set(key, delivery);
    return delivery;
  }
}

/** The columns of a job that tasks read. */
interface ClaimedJob {
  readonly id: string;
  readonly job_queue_id: number | null;
  readonly attempts: number;
}

function readJob(payload: unknown, job: ClaimedJob, source: TaskRun["source"]): DeliveryJob {
  const { p, s, g, a, d } = (payload ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof p !== "number" || typeof s !== "number" || typeof g !== "number" || typeof a !== "number")
    throw new Error(`The payload ${JSON.stringify(payload)} is none of ex-event-bus. Who added this job?`);
  return {
    position: p,
    subscriptionId: s,
    generation: g,
    attempts: a,
    deaths: typeof d === "number" ? d : 0,
    isAgain: job.attempts > 1,
    heldAs: job.id,
    // If another program has put the job into a named queue, graphile-worker must delete it.
    ...(source === undefined || job.job_queue_id !== null
      ? undefined
      : { jobId: job.id, loaded: source.loadedOf(job) }),
  };
}
