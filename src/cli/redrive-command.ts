import { Command } from "commander";

import { type RedriveResult, redrive } from "../admin/redrive.js";
import { chosen } from "./dead-command.js";
import { type DeliveryOptions, filterOf, withDeliveryOptions } from "./delivery-options.js";
import { counted, printJson } from "./print-rows.js";
import { watchWork } from "./progress.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

interface RedriveOptions extends DeliveryOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `ex-event-bus redrive`: sends dead deliveries again. */
export function redriveCommand(): Command {
  return withDeliveryOptions(new Command("redrive"))
    .description("send dead deliveries again, in the order of their events, with all their attempts")
    .argument(
      "[event...]",
      "deliveries of the events with these ids or positions, like --event-id and --position",
    )
    .option("--all", "all dead deliveries; without it, a condition is required")
    .option("--dry-run", "count them, and change nothing")
    .option("--json", "print as JSON")
    .action(
      runAction<RedriveOptions>((options, given) =>
        withDatabase(options, async (client, names) => {
          const conditions = await filterOf(client, names, options, given);
          const filter = chosen(conditions, options.all, "redrive");
          const work = watchWork("redriving");
          const { dryRun } = options;
          const call = { database: names, dryRun, ...work.options };
          const result = await redrive(client, filter, call).finally(work.done);
          if (options.json === true) printJson(result);
          else print(`${describe(result, dryRun === true, work.wasStopped())}\n`);
        }),
      ),
    );
}

function describe({ matched, redriven }: RedriveResult, isDry: boolean, wasStopped: boolean): string {
  if (isDry) return `${counted(matched, "dead delivery fits", "dead deliveries fit")}; nothing was changed.`;
  if (wasStopped)
    return `${redriven} of ${matched} dead deliveries are sent again. Run it again for the rest.`;
  return `${counted(redriven, "dead delivery is", "dead deliveries are")} sent again.`;
}
