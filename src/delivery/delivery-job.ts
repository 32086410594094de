import type { LoadedDelivery } from "../outbox/load-delivery.js";

/** What a job carries: which delivery is to be made, and the generation that the job was added for. */
export interface DeliveryJob {
  readonly position: number;
  readonly subscriptionId: number;
  /** The delivery is made only while it has this generation. */
  readonly generation: number;
  /** Attempts that were made when the wake-up was written. */
  readonly attempts: number;
  /** How many processes that held the job were found dead. Defaults to 0. */
  readonly deaths?: number;
  /** Whether the job was taken before, whatever came of that. Defaults to whether `deaths` is above 0. */
  readonly isAgain?: boolean;
  /** The id of its job in graphile-worker's table. */
  readonly heldAs?: string;
  /** The same, where the job is deleted in the transaction in which the outcome is recorded. */
  readonly jobId?: string;
  /** What was read when the job was taken; else it is read now. */
  readonly loaded?: LoadedDelivery | undefined;
}
