import { defineEvent, eventsFor } from "../../src/registry/define-event.js";
import type { StandardSchemaV1 } from "../../src/registry/standard-schema.js";

// Events of a small schema, for tests of what needs some.

interface Models {
  readonly model: {
    readonly User: {
      readonly payload: { readonly scalars: { readonly id: number }; readonly objects: object };
    };
    readonly Post: {
      readonly payload: { readonly scalars: { readonly id: number }; readonly objects: object };
    };
  };
}

export const models = eventsFor<Models>();
export const UserRegistered = models.defineEvent("UserRegistered", { model: "User" });
export const UserRenamed = models.defineEvent("UserRenamed", { model: "User" });
export const PostGone = models.defineEvent("PostGone", { model: "Post", version: 3 });

/** Accepts texts of digits, returns numbers. */
export const digits: StandardSchemaV1<string, number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      /^\d+$/.test(String(value)) ? { value: Number(value) } : { issues: [{ message: "expected digits" }] },
  },
};
export const Counted = defineEvent("Counted", { schema: digits, aggregateType: "Counter" });
