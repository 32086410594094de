export { telemetry } from "./log/hub.js";
export type { Logger } from "./log/logger.js";
export type { DeliveryOutcome, Report, TelemetryEvent, TelemetryMap } from "./log/telemetry.js";
export { type MigrateOptions, type MigrateResult, migrate } from "./worker/migrate.js";
export { type RunOnceOptions, type RunOnceResult, runOnce } from "./worker/run-once.js";
export { runWorker, type Worker } from "./worker/run-worker.js";
export type { RunOptions, RunWorkerOptions } from "./worker/worker-setup.js";
