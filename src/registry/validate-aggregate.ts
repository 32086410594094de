import { EventBusError } from "../errors.js";
import type { AnyEventType } from "./event-type.js";
import type { StandardSchemaIssue } from "./standard-schema.js";

/**
 * The aggregate as the schema of its event type returns it; the aggregate itself if the type has no schema.
 *
 * @throws EventBusError `INVALID_AGGREGATE` with the issues as its value.
 */
export async function validateAggregate(type: AnyEventType, aggregate: unknown): Promise<unknown> {
  if (type.schema === undefined) return aggregate;
  const result = await type.schema["~standard"].validate(aggregate);
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(describeIssue).join("; ");
  const message = `the aggregate of ${type.name} does not fit its schema: ${issues}`;
  throw new EventBusError("INVALID_AGGREGATE", message, { value: result.issues, path: "aggregate" });
}

function describeIssue({ message, path = [] }: StandardSchemaIssue): string {
  const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
  return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
}
