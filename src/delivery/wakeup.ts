import type { LoadedDelivery } from "../outbox/load-delivery.js";

/** What a job carries: a delivery, and the point in its life at which it was to be taken up. */
export interface Wakeup {
  readonly position: number;
  readonly subscriptionId: number;
  /** The delivery is taken up only when it still has this generation. */
  readonly generation: number;
  /** Attempts that were made when the wake-up was written. */
  readonly attempts: number;
  /** How often a process that held it was found dead. Defaults to 0. */
  readonly deaths?: number;
  /** Whether it was claimed before, whatever came of that. Defaults to whether `deaths` is above 0. */
  readonly isAgain?: boolean;
  /** The job of graphile-worker's that it came with. */
  readonly heldAs?: string;
  /** The same where it goes in the transaction in which an outcome is recorded. */
  readonly jobId?: string;
  /** What was read when the job was taken; else it is read now. */
  readonly loaded?: LoadedDelivery | undefined;
}
