import { Command } from "commander";

import { pause, resume } from "../admin/pause.js";
import { assertKnown } from "./assert-known.js";
import { counted } from "./counted.js";
import { printJson } from "./print-rows.js";
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
    .description("begin nothing of a subscriber until it is resumed; what is published waits")
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
    .description("let a paused subscriber go on, and wake what was held back")
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
              `"${subscriber}" ${resumed ? "goes on" : "was not paused"}; ${counted(woken, "delivery was", "deliveries were")} woken.\n`,
            );
        }),
      ),
    );
}
