import type { TaskList } from "graphile-worker";

import { deliver } from "../../delivery/deliver.js";
import type { DeliverDeps } from "../../delivery/deliver-deps.js";
import type { DeliveryJob } from "../../delivery/delivery-job.js";
import type { Outcome } from "../../delivery/outcome.js";
import { taskIdentifier } from "../../outbox/graphile/job-sql.js";
import type { Subscriber } from "../../registry/subscriber.js";
import { isFatal } from "../is-fatal.js";
import type { JobSource } from "./job-source.js";

/** A worker's deliveries, which outlast its connections. */
export interface OwnDeliveries {
  /** Those that are being made. */
  readonly running: Map<string, Promise<Outcome>>;
}

export function ownDeliveries(): OwnDeliveries {
  return { running: new Map() };
}

/** What ties tasks to one run of graphile-worker. */
export interface TaskRun {
  /** Called once for each job, as soon as no handler runs for it any more. */
  readonly leave?: () => void;
  /** Where the run gets its jobs from. */
  readonly source?: Pick<JobSource, "loadedOf" | "deleted">;
}

/**
 * One task for each subscriber.
 *
 * A task must not return before the outcome is recorded: graphile-worker then deletes the job, even one that another worker
 * holds by then. And it must return nothing: a list has a meaning of its own there.
 *
 * @param onFatal is called when a delivery fails for a reason for which all of them will.
 * @param run what belongs to one run of graphile-worker.
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
          // Each claim raises graphile-worker's count of attempts. Ours are in the delivery.
          deliveryJob = readJob(payload, job, source);
        } catch (error) {
          leaveOnce();
          throw error;
        }
        // With the name of the subscriber: a forged job must not pass for the delivery that it names.
        const key = `${subscriber.name}/${deliveryJob.position}/${deliveryJob.subscriptionId}/${deliveryJob.generation}`;
        // Its connection broke and its job was taken again, while its handler still runs here.
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

/** The columns of a job that are read. */
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
    // A job that was put into a named queue by other means is left to graphile-worker.
    ...(source === undefined || job.job_queue_id !== null
      ? undefined
      : { jobId: job.id, loaded: source.loadedOf(job) }),
  };
}
