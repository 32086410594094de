import { Command } from "commander";

import { deliveries } from "../admin/deliveries.js";
import { discard } from "../admin/discard.js";
import type { DeadFilter } from "../admin/redrive.js";
import { EventBusError } from "../errors.js";
import { type DeliveryOptions, filterOf, hasCondition, withDeliveryOptions } from "./delivery-options.js";
import { DISPENSABLE, deadRow } from "./delivery-rows.js";
import { parseLimit } from "./parse-number.js";
import { counted, printJson, printRows } from "./print-rows.js";
import { watchWork } from "./progress.js";
import { runAction } from "./run-action.js";
import { showEvent } from "./show-command.js";
import { print } from "./standard-output.js";
import { ONE_EVENT } from "./which-event.js";
import { withDatabase } from "./with-database.js";

interface ListOptions extends DeliveryOptions {
  readonly limit: number;
  readonly json?: boolean;
}

interface DiscardOptions extends DeliveryOptions {
  readonly all?: boolean;
  readonly reason: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `ex-event-bus dead`: lists, shows and discards deliveries that used up their attempts. */
export function deadCommand(): Command {
  const dead = new Command("dead").description(
    "list, show and discard deliveries that used up their attempts",
  );
  dead.addCommand(listCommand(), { isDefault: true });
  dead.addCommand(
    new Command("show")
      .description("show an event with its dead deliveries and all their errors")
      .argument(...ONE_EVENT)
      .option("--json", "print as JSON")
      .action(
        runAction<{ readonly json?: boolean }>((options, [event = ""]) => showEvent(event, options, "dead")),
      ),
  );
  dead.addCommand(discardCommand());
  return dead;
}

function listCommand(): Command {
  return withDeliveryOptions(new Command("list"))
    .description("list dead deliveries, the last ones by position of their event")
    .option("--limit <count>", "list at most this many", parseLimit, 50)
    .option("--json", "print everything that is known, every error included, as JSON")
    .action(
      runAction<ListOptions>((options) =>
        withDatabase(options, async (client, names) => {
          const conditions = await filterOf(client, names, options);
          const filter = { ...conditions, state: "dead", limit: options.limit, last: true } as const;
          const found = await deliveries(client, filter, { database: names });
          printRows(found, deadRow, {
            ...options,
            dispensable: DISPENSABLE,
            none: "There are no such dead deliveries.",
          });
        }),
      ),
    );
}

function discardCommand(): Command {
  return withDeliveryOptions(new Command("discard"))
    .description("cancel dead deliveries that are not to be sent again")
    .requiredOption("--reason <text>", "why they are discarded; stored with each of them")
    .option("--all", "all dead deliveries; without it, a condition is required")
    .option("--dry-run", "count them, and change nothing")
    .option("--json", "print as JSON")
    .action(
      runAction<DiscardOptions>((options) =>
        withDatabase(options, async (client, names) => {
          const filter = chosen(await filterOf(client, names, options), options.all, "discard");
          const work = watchWork("discarding");
          const { reason, dryRun } = options;
          const call = { database: names, reason, dryRun, ...work.options };
          const result = await discard(client, filter, call).finally(work.done);
          if (options.json === true) printJson(result);
          else print(`${describe(result.matched, result.discarded, dryRun === true)}\n`);
        }),
      ),
    );
}

function describe(matched: number, discarded: number, isDry: boolean): string {
  if (isDry) return `${counted(matched, "dead delivery fits", "dead deliveries fit")}; nothing was changed.`;
  if (discarded < matched) return `${discarded} of ${matched} dead deliveries are discarded.`;
  return `${counted(discarded, "dead delivery is", "dead deliveries are")} discarded.`;
}

/** What selects deliveries before any option: arguments of the command. */
const ARGUMENTS = { redrive: "ids or positions of events, ", discard: "" };

/**
 * The filter of a command that changes dead deliveries.
 *
 * @throws EventBusError `INVALID_OPTION` without a condition and without `--all`: a forgotten condition must not change all.
 */
export function chosen(
  filter: DeadFilter,
  all: boolean | undefined,
  what: keyof typeof ARGUMENTS,
): DeadFilter {
  if (hasCondition(filter) !== (all === true)) return filter;
  throw new EventBusError(
    "INVALID_OPTION",
    all === true
      ? `--all and a condition contradict each other: expected one of them to say what to ${what}`
      : `Nothing says which dead deliveries to ${what}: expected ${ARGUMENTS[what]}--subscriber, --event, --event-id, --position, ` +
          "--aggregate-type, --aggregate-key, --error, --since, --until, or --all",
  );
}
