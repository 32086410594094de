import { assertCompatibleClient } from "../delivery/compatible-client.js";
import { assertSameDatabase } from "../delivery/same-database.js";
import { isEventBusError } from "../errors.js";
import { findMissingFunctions, findRights, findSequenceUse, findUnknownJobs } from "../outbox/diagnose.js";
import { type Executor, executorOf, type Queryable } from "../outbox/executor.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { subscriberStatus } from "../outbox/subscriber-status.js";
import {
  type CapturedModel,
  DESCRIBE,
  type DescribedCapture,
  type OuterExtension,
} from "../registry/captured-model.js";
import { invalidOption, isObject } from "../registry/check-options.js";
import type { DatabaseOptions } from "../registry/database-names.js";
import { didYouMean } from "../registry/nearest-name.js";
import type { Subscriber } from "../registry/subscriber.js";
import { deliveriesInTheWay } from "./doctor-deliveries.js";
import type { Finding } from "./finding.js";
import { withNames } from "./with-names.js";

export interface DoctorOptions extends DatabaseOptions {
  /** The client that publishes, extended or not. Its role and its capture rules are checked. */
  readonly prisma?: object | undefined;
  /** The subscribers of the application. */
  readonly subscribers?: readonly Subscriber[] | undefined;
  /** The name of the application. Defaults to `"default"`. */
  readonly application?: string | undefined;
}

/** The result of {@link doctor}. */
export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** What is captured, by model; null when the client has no `eventBus`. */
  readonly models: readonly CapturedModel[] | null;
}

/**
 * Finds problems that keep events from being published or delivered, and lists what is captured and what is not. Changes nothing.
 *
 * @param client a `pg` client or pool, or a Prisma client, of the role that workers use.
 * @throws EventBusError `INVALID_OPTION`, `SCHEMA_MISSING`.
 *
 * @example
 * ```ts
 * const { findings } = await doctor(pool, { prisma, subscribers: [sendWelcome] });
 * const problems = findings.filter(({ level }) => level === "problem");
 * ```
 */
export function doctor(client: Queryable, options: DoctorOptions = {}): Promise<Diagnosis> {
  const call = { of: "doctor()", options, known: ["prisma", "subscribers", "application"] };
  return withNames(client, call, async (executor, names) => {
    if (options.prisma !== undefined && !isObject(options.prisma) && typeof options.prisma !== "function")
      throw invalidOption("prisma", options.prisma, "a Prisma client", call);
    const captured = describe(options.prisma);
    const findings = [
      ...(await functions(executor, names)),
      ...(await rights(options.prisma, executor, names)),
      ...(await incompatibleClient(options)),
      ...(await otherDatabase(executor, options)),
      ...(await subscribers(executor, names, options)),
      ...unpublished(captured, options),
      ...(captured?.outer ?? []).map(outer),
      ...(await jobs(executor, names)),
      ...(await deliveriesInTheWay(executor, names)),
      ...(await sequences(executor, names)),
    ];
    const unextended: Finding = {
      level: "warning",
      check: "capture",
      message: "The client of the configuration has no eventBus: nothing that it writes is captured.",
    };
    return {
      findings: [...findings, ...(captured === null ? [unextended] : [])],
      models: captured?.models ?? null,
    };
  });
}

function describe(prisma: object | undefined): DescribedCapture | null {
  const tell = (prisma as Readonly<Record<string, unknown>> | undefined)?.[DESCRIBE];
  return typeof tell === "function" ? (tell.call(prisma) as DescribedCapture) : null;
}

function outer({ name, calls }: OuterExtension): Finding {
  const extension = name === undefined ? "An extension without a name" : `The extension "${name}"`;
  return warning(
    "capture",
    `${extension} was applied before eventBus() and has hooks for ${calls.join(", ")}. Calls that it answers by ` +
      "itself, and writes with a Prisma client of its own, are not captured. Apply eventBus() first.",
  );
}

async function rights(
  prisma: object | undefined,
  worker: Executor,
  names: SchemaNames,
): Promise<readonly Finding[]> {
  const publisher =
    prisma !== undefined && "$queryRawUnsafe" in prisma ? executorOf(prisma as Queryable) : worker;
  const { role, canPublish } = await findRights(publisher, names);
  if (canPublish) return [];
  return [
    {
      level: "problem",
      check: "rights",
      message: `The role "${role}" may not publish in the schema "${names.schema}". Grant it usage on the schema and execute on publish(jsonb, integer), with SQL also publish(text, jsonb, text, text, jsonb, jsonb, jsonb, jsonb, integer, uuid), and on no others.`,
    },
  ];
}

async function functions(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  const missing = await findMissingFunctions(executor, names);
  if (missing.length === 0) return [];
  return [
    {
      level: "problem",
      check: "database",
      message: `The schema "${names.schema}" lacks functions that were installed: ${missing.join(", ")}. Run: npx ex-event-bus migrate`,
    },
  ];
}

/** Checks the parts of Prisma that the extension relies on. */
async function incompatibleClient({ prisma }: DoctorOptions): Promise<readonly Finding[]> {
  try {
    await assertCompatibleClient(prisma);
    return [];
  } catch (error) {
    if (!isEventBusError(error)) throw error;
    return [{ level: "problem", check: "capture", message: error.message }];
  }
}

/** Checks that the client and the worker use the same database. */
async function otherDatabase(
  executor: Executor,
  { prisma, subscribers: own = [] }: DoctorOptions,
): Promise<readonly Finding[]> {
  if (prisma === undefined) return [];
  try {
    await assertSameDatabase(executor, prisma, own);
    return [];
  } catch (error) {
    if (!isEventBusError(error)) throw error;
    return [{ level: "problem", check: "database", message: error.message }];
  }
}

async function subscribers(
  executor: Executor,
  names: SchemaNames,
  { subscribers: own = [], application = "default" }: DoctorOptions,
): Promise<readonly Finding[]> {
  const known = await subscriberStatus(executor, names);
  const findings: Finding[] = [];
  for (const { subscriber, workers, isOrphaned, isPaused } of known) {
    if (isOrphaned) findings.push(orphaned(subscriber));
    else if (workers === 0)
      findings.push(warning("workers", `No running worker has a handler for "${subscriber}".`));
    if (isPaused) findings.push(warning("subscribers", `"${subscriber}" is paused.`));
  }
  const subscribed = new Set(known.map(({ subscriber }) => subscriber));
  for (const { name } of own) {
    if (!subscribed.has(name))
      findings.push({
        level: "problem",
        check: "subscribers",
        message: `"${name}" is not subscribed, so it does not get the events that are published now. Run: npx ex-event-bus migrate`,
      });
  }
  const configured = new Set(own.map(({ name }) => name));
  for (const one of known) {
    if (one.application !== application || configured.has(one.subscriber)) continue;
    findings.push(
      warning(
        "subscribers",
        `"${one.subscriber}" is subscribed, but the configuration does not have it. If it is gone for good, run: npx ex-event-bus unsubscribe ${one.subscriber}`,
      ),
    );
  }
  return findings;
}

/** Another program or SQL may publish the event, so this is no error. But a misspelled name looks the same. */
function unpublished(
  captured: DescribedCapture | null,
  { subscribers: own = [] }: DoctorOptions,
): readonly Finding[] {
  if (captured === null) return [];
  const known = new Set(captured.events);
  return own.flatMap((subscriber) =>
    subscriber.events
      .filter(({ name }) => !known.has(name))
      .map(({ name }) =>
        warning(
          "subscribers",
          `"${subscriber.name}" subscribes to "${name}", which is not among the events of the client's eventBus(). If another ` +
            `program or SQL publishes it, all is well; otherwise${didYouMean(name, captured.events)}`,
        ),
      ),
  );
}

function orphaned(subscriber: string): Finding {
  const message = `Deliveries wait for "${subscriber}", but no running worker has a handler for it. Start one: npx ex-event-bus worker`;
  return { level: "problem", check: "workers", message };
}

async function jobs(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  return (await findUnknownJobs(executor, names)).map(({ task, jobs: count }) =>
    warning(
      "jobs",
      `${count} jobs of "${task}" are ready in the schema "${names.workerSchema}", but "${task}" is not a task of a subscriber: workers skip ` +
        "these jobs each time they look for work. Give other tasks a graphile-worker schema of their own, or remove the jobs.",
    ),
  );
}

/** The share of used numbers from which a warning is given: early enough to act. */
const MUCH = 0.5;

async function sequences(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  return (await findSequenceUse(executor, names))
    .filter(({ used }) => used > MUCH)
    .map(({ name, used }) => ({
      level: used > 0.9 ? "problem" : "warning",
      check: "sequences",
      message:
        `The sequence "${names.workerSchema}"."${name}" has used ${Math.round(used * 100)} % of its numbers. Once all ` +
        "are used, nothing can be published. graphile-worker before 0.18 uses one with each call: upgrade it, and restart the sequence.",
    }));
}

function warning(check: Finding["check"], message: string): Finding {
  return { level: "warning", check, message };
}
