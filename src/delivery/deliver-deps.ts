import type { Logger } from "../log/logger.js";
import type { Report } from "../log/telemetry.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import type { OnDead } from "../registry/on-dead.js";
import type { DeliveryOutbox } from "./delivery-outbox.js";
import type { RunGate } from "./run-gate.js";
import type { Semaphore } from "./semaphore.js";

/** The dependencies of deliveries that a process provides. */
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
  /** Isolates suspects: deliveries that may kill the process. */
  readonly gate: RunGate;
  /** How long statements are retried while the database is unreachable, in milliseconds. */
  readonly patienceMs: number;
  /** Called for a delivery that becomes due in this many milliseconds. */
  readonly wakeIn: (ms: number) => void;
  /** Aborted when the worker has stopped: statements are no longer retried. */
  readonly ended: AbortSignal;
  /**
   * The silence after which other workers take over, in milliseconds: the server ends a transaction that is silent for this long.
   * Undefined if no other worker takes over.
   */
  readonly deadAfterMs: number | undefined;
  /** Called for each delivery that is dead. */
  readonly onDead?: OnDead | undefined;
}
