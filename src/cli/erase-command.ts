import { Command } from "commander";
import type pg from "pg";

import { erase } from "../admin/erase.js";
import { events } from "../admin/events.js";
import { EventBusError } from "../errors.js";
import type { Erased } from "../outbox/erase-events.js";
import { executorOf } from "../outbox/executor.js";
import { inTransaction } from "../outbox/in-transaction.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { assertKnown } from "./assert-known.js";
import { canAsk, cannotAsk, confirm, YES } from "./confirm.js";
import { counted, printJson } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

interface EraseOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `ex-event-bus erase <aggregate-type> <aggregate-key...>`: erases the content of the events of an aggregate. */
export function eraseCommand(): Command {
  return new Command("erase")
    .description(
      "erase the content of the events of an aggregate forever; that they occurred stays on record",
    )
    .argument("<aggregate-type>", "the type of the aggregate, such as User")
    .argument("<aggregate-key...>", "its key; for a compound key, its values in the order of the fields")
    .option("--dry-run", "count the events and deliveries, and change nothing")
    .option(...YES)
    .option("--json", "print as JSON")
    .action(
      runAction<EraseOptions>(
        ({ dryRun = false, yes = false, json = false, ...options }, [aggregateType = "", ...keys]) =>
          withDatabase(options, async (client, names) => {
            await assertKnown(client, names, { aggregateType });
            const [single = ""] = keys;
            const aggregate = { aggregateType, aggregateKey: keys.length === 1 ? single : keys };
            const found = await erase(client, aggregate, { database: names, dryRun: true });
            if (found.events === 0 && keys.length > 1)
              await assertHasEvents(client, names, aggregateType, keys);
            const whose = `${aggregateType} ${keys.join(" ")}`;
            const what = `${counted(found.events, "event", "events")} of ${whose}`;
            if (dryRun) {
              if (json) return printJson(found);
              return print(
                `${what} would be erased, ${deliveriesOf(found)} cancelled; nothing was changed.\n`,
              );
            }
            if (!yes && !(await isMeant(`Erase ${what} forever, and cancel ${deliveriesOf(found)}?`))) return;
            const erased = await inTransaction(executorOf(client), () =>
              erase(client, aggregate, { database: names }),
            );
            if (json) return printJson(erased);
            print(
              `${counted(erased.events, `event of ${whose} is`, `events of ${whose} are`)} erased, ${deliveriesOf(erased)} cancelled.\n`,
            );
          }),
      ),
    );
}

/**
 * Refuses several values if no event has them as its compound key: the caller may have meant the keys of several aggregates. The
 * events of an erased aggregate keep its key.
 */
async function assertHasEvents(
  client: pg.Client,
  names: SchemaNames,
  aggregateType: string,
  keys: readonly string[],
): Promise<void> {
  const aggregateKey = JSON.stringify(keys);
  const [any] = await events(client, { aggregateType, aggregateKey, limit: 1 }, { database: names });
  if (any !== undefined) return;
  throw new EventBusError(
    "INVALID_OPTION",
    `No event of ${aggregateType} has the key ${keys.join(" ")}: several values form one compound key. Erase one ` +
      `aggregate at a time, such as: npx ex-event-bus erase ${aggregateType} ${keys[0]}`,
    { value: keys },
  );
}

function deliveriesOf({ cancelled }: Erased): string {
  return counted(cancelled, "delivery", "deliveries");
}

/** Asks whether to erase. Without a terminal the command is refused. */
function isMeant(question: string): Promise<boolean> {
  if (canAsk()) return confirm(question, "Nothing was erased.");
  throw cannotAsk("erase");
}
