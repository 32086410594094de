import { Command } from "commander";

import { pause, resume } from "../admin/pause.js";
import { assertKnown } from "./assert-known.js";
import { counted, printJson } from "./print-rows.js";
import { watchWork } from "./progress.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

interface JsonOption {
  readonly json?: boolean;
}

/** `ex-event-bus pause <subscriber>`. */
export function pauseCommand(): Command {
  return new Command("pause")
    .description("start no deliveries to a subscriber until it is resumed; its events wait")
    .argument("<subscriber>", "the name of the subscriber")
    .option("--json", "print as JSON")
    .action(
      runAction<JsonOption>((options, [subscriber = ""]) =>
        withDatabase(options, async (client, names) => {
          await assertKnown(client, names, { subscriber: [subscriber] });
          const changed = await pause(client, subscriber, { database: names });
          if (options.json === true) printJson({ subscriber, isPaused: true, changed });
          else print(`"${subscriber}" is paused${changed ? "" : " already"}.\n`);
        }),
      ),
    );
}

/** `ex-event-bus resume <subscriber>`. */
export function resumeCommand(): Command {
  return new Command("resume")
    .description("resume a paused subscriber, and wake its waiting deliveries")
    .argument("<subscriber>", "the name of the subscriber")
    .option("--json", "print as JSON")
    .action(
      runAction<JsonOption>((options, [subscriber = ""]) =>
        withDatabase(options, async (client, names) => {
          await assertKnown(client, names, { subscriber: [subscriber] });
          const work = watchWork("waking");
          const call = { database: names, ...work.options };
          const { resumed, woken } = await resume(client, subscriber, call).finally(work.done);
          if (options.json === true) printJson({ subscriber, isPaused: false, changed: resumed, woken });
          else
            print(
              `"${subscriber}" ${resumed ? "is resumed" : "was not paused"}; ${counted(woken, "delivery was", "deliveries were")} woken.\n`,
            );
        }),
      ),
    );
}
