import { findForgotten, findStray } from "../outbox/diagnose.js";
import type { Executor } from "../outbox/executor.js";
import { JOBS_TABLE, seesJobs } from "../outbox/graphile/read-jobs.js";
import { countLost } from "../outbox/lost-deliveries.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import type { Finding } from "./finding.js";

/** Finds deliveries that workers cannot make because another program deleted or changed rows. */
export async function deliveriesInTheWay(
  executor: Executor,
  names: SchemaNames,
): Promise<readonly Finding[]> {
  return [
    ...(await withoutJobs(executor, names)),
    ...(await withoutSubscriptions(executor, names)),
    ...(await withoutRecords(executor, names)),
  ];
}

/** The greatest number of open deliveries that one statement compares with the jobs. */
const MOST_COMPARED = 50_000;

async function withoutJobs(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  if (!(await seesJobs(executor, names))) return [unseenJobs(names)];
  return (await countLost(executor, names, MOST_COMPARED)).map(({ subscriber, deliveries }) => ({
    level: "problem",
    check: "jobs",
    message:
      `${deliveries} open deliveries of "${subscriber}" have no job in the schema "${names.workerSchema}": the jobs were ` +
      "deleted or changed, or the database was restored without them. A running worker adds new ones within seconds. Start " +
      "one: npx ex-event-bus worker",
  }));
}

function unseenJobs({ workerSchema }: SchemaNames): Finding {
  return {
    level: "warning",
    check: "rights",
    message:
      `The role of this connection cannot read the jobs in "${workerSchema}".${JOBS_TABLE}, so doctor did not check whether open ` +
      "deliveries have jobs. Run doctor with the role that workers use.",
  };
}

async function withoutSubscriptions(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  return (await findStray(executor, names)).map(({ subscriptionId, event, deliveries }) => ({
    level: "problem",
    check: "subscribers",
    message:
      `${deliveries} deliveries of "${event}" are for the subscription ${subscriptionId}, which is not in ` +
      `"${names.schema}".subscriptions: its row was deleted. They cannot be retried or found, and their events are kept. ` +
      "Insert the row again with this id, under the subscriber's name, or another one if that name is taken. Then workers can make " +
      "them, or discard() can end them.",
  }));
}

async function withoutRecords(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  return (await findForgotten(executor, names)).map(({ subscriptionId, subscriber, deliveries }) => ({
    level: "problem",
    check: "subscribers",
    message:
      `${deliveries} deliveries of "${subscriber}" were done or had been attempted, and their rows were deleted from ` +
      `"${names.schema}".deliveries or .delivered. Workers do not make them again, and their events are kept. ` +
      `To open them again: delete from "${names.schema}".checkpoints where subscription_id = ${subscriptionId}. Workers then make ` +
      `them. To end them instead, pause "${subscriber}" first, and discard() those that wait.`,
  }));
}
