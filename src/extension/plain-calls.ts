import type { Model } from "./schema/model.js";
import type { CallArgs } from "./selection.js";

type IsPlain = (operation: string, args: CallArgs) => boolean;

/**
 * Tells calls that leave keys as they are and write no other rows. From a model of which no relation leads to one with
 * rules, PostgreSQL goes on from a key that changes or a row that goes, if at all. All that is asked of such a call is
 * the names of its fields: most applications have many models without rules.
 */
export function plainCalls(model: Model): IsPlain {
  const inKeys = new Set(model.keys.flatMap(({ fields }) => fields));
  const harmless = new Set(Array.from(model.scalars.keys()).filter((field) => !inKeys.has(field)));
  const isWritten = (data: unknown, fields: { has(field: string): boolean }) =>
    typeof data === "object" &&
    data !== null &&
    !Array.isArray(data) &&
    Object.keys(data).every((field) => fields.has(field));
  return (operation, args) => {
    if ("event" in args || "eventMetadata" in args || "silentOnUpdate" in args) return false;
    switch (operation) {
      case "create":
        return isWritten(args["data"], model.scalars);
      case "update":
      case "updateMany":
      case "updateManyAndReturn":
        return isWritten(args["data"], harmless);
      case "upsert":
        return isWritten(args["create"], model.scalars) && isWritten(args["update"], harmless);
      default:
        return false;
    }
  };
}
