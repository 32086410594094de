import type { Logger } from "../log/logger.js";
import type { Report } from "../log/telemetry.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import type { OnDead } from "../registry/on-dead.js";
import type { DeliveryOutbox } from "./delivery-outbox.js";
import type { RunGate } from "./run-gate.js";
import type { Semaphore } from "./semaphore.js";

/** What a process provides to make deliveries. */
export interface DeliverDeps {
  readonly outbox: DeliveryOutbox;
  readonly names: SchemaNames;
  /** Handlers receive it as `ctx.prisma`. */
  readonly prisma: unknown;
  readonly log: Logger;
  readonly report: Report;
  /** The name of the worker, for reports and records. */
  readonly worker: string;
  /** Aborted when handlers must end, because the worker stops. */
  readonly signal: AbortSignal;
  /** How long handlers then have, in milliseconds. */
  readonly graceMs: number;
  /** How many handlers run at once. */
  readonly semaphore: Semaphore;
  /** Runs deliveries that may end the process alone. */
  readonly gate: RunGate;
  /** For how long statements are repeated while the database is out of reach, in milliseconds. */
  readonly patienceMs: number;
  /** A delivery that was put off becomes due in so many milliseconds. */
  readonly wakeIn: (ms: number) => void;
  /** Aborted when the worker has stopped: statements are not repeated any more. */
  readonly ended: AbortSignal;
  /**
   * After how much silence other workers take over, in milliseconds: the server ends a transaction that is silent for so
   * long. Undefined where no other worker does.
   */
  readonly deadAfterMs: number | undefined;
  /** Told of deliveries that have died. */
  readonly onDead?: OnDead | undefined;
}
