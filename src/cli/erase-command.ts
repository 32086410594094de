import { Command } from "commander";

import { erase } from "../admin/erase.js";
import { executorOf } from "../outbox/executor.js";
import { inTransaction } from "../outbox/in-transaction.js";
import { assertKnown } from "./assert-known.js";
import { canAsk, cannotAsk, confirm, YES } from "./confirm.js";
import { printJson } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

interface EraseOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `ex-event-bus erase <type> <key...>`: takes out what the events of an aggregate say. */
export function eraseCommand(): Command {
  return new Command("erase")
    .description("take out for ever what the events of an aggregate say, and leave that they were")
    .argument("<type>", "the type of the aggregate, as User")
    .argument("<key...>", "its key; of a compound key the values in the order of its fields")
    .option("--dry-run", "count the events and deliveries, and change nothing")
    .option(...YES)
    .option("--json", "print as JSON")
    .action(
      runAction<EraseOptions>(
        ({ dryRun = false, yes = false, json = false, ...options }, [type = "", ...keys]) =>
          withDatabase(options, async (client, names) => {
            await assertKnown(client, names, { type });
            const [single = ""] = keys;
            const aggregate = { type, key: keys.length === 1 ? single : keys };
            const found = await erase(client, aggregate, { database: names, dryRun: true });
            const what = `${found.events} events of ${type} ${keys.join(" ")}`;
            if (dryRun) {
              if (json) return printJson(found);
              return print(
                `${what} would be erased, ${found.cancelled} deliveries cancelled; nothing was changed.\n`,
              );
            }
            if (!yes && !(await isMeant(`Erase ${what} for ever, and cancel ${found.cancelled} deliveries?`)))
              return;
            const erased = await inTransaction(executorOf(client), () =>
              erase(client, aggregate, { database: names }),
            );
            if (json) return printJson(erased);
            print(
              `${erased.events} events of ${type} ${keys.join(" ")} are erased, ${erased.cancelled} deliveries cancelled.\n`,
            );
          }),
      ),
    );
}

/** What cannot be undone is not done because nobody was there to ask. */
function isMeant(question: string): Promise<boolean> {
  if (canAsk()) return confirm(question, "Nothing was erased.");
  throw cannotAsk("erase");
}
