import type { LoadedDelivery } from "../outbox/load-delivery.js";

/** The content of a job: its delivery, and the generation that the job was added for. */
export interface DeliveryJob {
  readonly position: number;
  readonly subscriptionId: number;
  /** The delivery is made only while it has this generation. */
  readonly generation: number;
  /** The number of attempts when the job was added. */
  readonly attempts: number;
  /** How many processes that held the job were found dead. Defaults to 0. */
  readonly deaths?: number;
  /** Whether the job was taken before. Defaults to whether `deaths` is above 0. */
  readonly isAgain?: boolean;
  /** The id of its job in graphile-worker's table. */
  readonly heldAs?: string;
  /** The same id, if the job is to be deleted in the transaction that records the outcome. */
  readonly jobId?: string;
  /** The delivery as read when the job was taken. Otherwise it is read later. */
  readonly loaded?: LoadedDelivery | undefined;
}
