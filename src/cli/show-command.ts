import { Command } from "commander";
import pc from "picocolors";

import { deliveries } from "../admin/deliveries.js";
import type { Delivery, DeliveryError } from "../outbox/find-deliveries.js";
import type { ListedEvent } from "../outbox/stored-event.js";
import { jsonOf } from "../registry/to-json.js";
import type { CliOptions } from "./cli-options.js";
import { aggregateOf } from "./delivery-rows.js";
import { withoutOwnFrames } from "./own-frames.js";
import { counted, printJson } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { timeText } from "./table.js";
import { existingEvent, ONE_EVENT } from "./which-event.js";
import { withDatabase } from "./with-database.js";

interface ShowOptions extends CliOptions {
  readonly json?: boolean;
}

/** `ex-event-bus show <event>`: shows an event with its deliveries. */
export function showCommand(): Command {
  return new Command("show")
    .description("show an event with all of its deliveries, their attempts and errors")
    .argument(...ONE_EVENT)
    .option("--json", "print as JSON")
    .action(runAction<ShowOptions>((options, [event = ""]) => showEvent(event, options)));
}

/**
 * Prints the event with an id or position, with its deliveries, or only its deliveries in one state.
 *
 * @throws EventBusError `INVALID_OPTION` if there is no such event.
 */
export function showEvent(given: string, options: ShowOptions, state?: Delivery["state"]): Promise<void> {
  return withDatabase(options, async (client, names) => {
    const event = await existingEvent(client, names, given);
    const all = await deliveries(client, { eventId: event.id }, { database: names });
    const of = state === undefined ? all : all.filter((one) => one.state === state);
    const none = all.length === 0 ? "No deliveries." : noneOf(all.length, event.position, state);
    if (options.json === true) printJson({ event, deliveries: of });
    else print(`${pageOf(event, of, { none, isVerbose: options.verbose === true })}\n`);
  });
}

function noneOf(count: number, position: number, state = ""): string {
  const which = count === 1 ? "Its only delivery is not" : `None of its ${count} deliveries is`;
  return `${which} ${state}. See: npx ex-event-bus show ${position}`;
}

function pageOf(
  event: ListedEvent,
  of: readonly Delivery[],
  { none, isVerbose }: { readonly none: string; readonly isVerbose: boolean },
): string {
  const aggregate = aggregateOf(event);
  const head = [
    pc.bold(`${event.name} ${event.id}`),
    `  position    ${event.position}`,
    `  occurred    ${timeText(event.occurredAt)}`,
    `  operation   ${event.operation}${aggregate === "" ? "" : ` of ${aggregate}`}`,
    `  aggregate   ${json(event.aggregate)}`,
    ...(json(event.changes) === "{}" ? [] : [`  changes     ${json(event.changes)}`]),
    ...(json(event.initialData) === "{}" ? [] : [`  before      ${json(event.initialData)}`]),
    `  metadata    ${json(event.metadata)}`,
    ...(event.error === undefined ? [] : [`  error       ${event.error.message}`]),
  ];
  return [
    ...head,
    "",
    ...(of.length === 0 ? [none] : of.flatMap((one) => deliveryLines(one, isVerbose))),
  ].join("\n");
}

function deliveryLines(delivery: Delivery, isVerbose: boolean): readonly string[] {
  const { subscriber, state, attempts, dueAt, finishedAt, reason, errors, errorCount } = delivery;
  const when = finishedAt === null ? dueAt : finishedAt;
  const parts = [
    pc.bold(subscriber),
    state,
    counted(attempts, "attempt", "attempts"),
    when === null ? "" : `${finishedAt === null ? "due" : "at"} ${timeText(when)}`,
    reason === null ? "" : `(${reason})`,
  ];
  const missing = errorCount - errors.length;
  return [
    parts.filter(Boolean).join("  "),
    ...errors.flatMap((error) => errorLines(error, isVerbose)),
    ...(missing > 0 ? [missingErrors(missing, errors.length === 0)] : []),
  ];
}

/** Only the first and the last errors are kept. None are kept if their event was erased, because they may quote it. */
function missingErrors(count: number, areErased: boolean): string {
  return areErased
    ? `  ${counted(count, "error was", "errors were")} erased`
    : `  … and ${counted(count, "more error", "more errors")} in between`;
}

function errorLines(
  { attempt, at, worker, name, message, stack }: DeliveryError,
  isVerbose: boolean,
): readonly string[] {
  const whole = stack ?? `${name}: ${message}`;
  const { text, leftOut } = isVerbose ? { text: whole, leftOut: 0 } : withoutOwnFrames(whole);
  return [
    pc.dim(`  attempt ${attempt}  ${at}${worker === undefined ? "" : `  ${worker}`}`),
    ...text.split("\n").map((line) => `    ${line}`),
    ...(leftOut === 0
      ? []
      : [pc.dim(`        … ${leftOut} frames of the worker and of Node.js (--verbose shows them)`)]),
  ];
}

function json(value: unknown): string {
  return JSON.stringify(jsonOf(value));
}
