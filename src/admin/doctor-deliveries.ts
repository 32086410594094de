import { findForgotten, findStray } from "../outbox/diagnose.js";
import type { Executor } from "../outbox/executor.js";
import { countLost, seesJobs } from "../outbox/lost-deliveries.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import type { Finding } from "./finding.js";

/** Deliveries that nobody makes, because rows were deleted or spoilt by others. */
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

/** So many open deliveries are compared with the jobs in one statement. */
const MOST_COMPARED = 50_000;

async function withoutJobs(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  if (!(await seesJobs(executor, names))) return [unseenJobs(names)];
  return (await countLost(executor, names, MOST_COMPARED)).map(({ subscriber, deliveries }) => ({
    level: "problem",
    check: "jobs",
    message:
      `${deliveries} open deliveries of "${subscriber}" have no job in the schema "${names.workerSchema}": somebody has deleted ` +
      "or spoilt it, or the database was restored without it. A worker that runs gives them a new one within seconds. Start " +
      "one: npx ex-event-bus worker",
  }));
}

function unseenJobs({ workerSchema }: SchemaNames): Finding {
  return {
    level: "warning",
    check: "rights",
    message:
      `The role of this connection does not see the jobs in "${workerSchema}"._private_jobs: whether open deliveries have one was ` +
      "not looked at. Run doctor with the role that workers use.",
  };
}

async function withoutSubscriptions(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  return (await findStray(executor, names)).map(({ subscriptionId, event, deliveries }) => ({
    level: "problem",
    check: "subscribers",
    message:
      `${deliveries} deliveries of "${event}" are for the subscription ${subscriptionId}, which is not in ` +
      `"${names.schema}".subscriptions: somebody has deleted its row. They cannot be retried or found, and their events are kept. ` +
      "Put the row back with this id, under the subscriber's name or, where that is taken, another one; then they can be made, or " +
      "ended with discard().",
  }));
}

async function withoutRecords(executor: Executor, names: SchemaNames): Promise<readonly Finding[]> {
  return (await findForgotten(executor, names)).map(({ subscriptionId, subscriber, deliveries }) => ({
    level: "problem",
    check: "subscribers",
    message:
      `${deliveries} deliveries of "${subscriber}" were done or under way, and the rows that said so are gone from ` +
      `"${names.schema}".deliveries or .delivered: somebody has deleted them. Nobody makes them again by itself, and their events ` +
      `are kept. To open them again: delete from "${names.schema}".checkpoints where subscription_id = ${subscriptionId}. Workers then ` +
      `make them; if they are to be ended instead, pause "${subscriber}" before, and discard() those that wait.`,
  }));
}
