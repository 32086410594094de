import type { Prisma } from "../../../prisma/generated/client/client.js";
import { eventsFor } from "../../../src/registry/define-event.js";

export const { defineEvent } = eventsFor<Prisma.TypeMap>();

/** Capture rules of a model: `UserCreated`, `UserUpdated` and `UserDeleted`. */
export function rulesOf<const Model extends Prisma.ModelName>(model: Model) {
  return {
    create: defineEvent(`${model}Created`, { model }),
    update: defineEvent(`${model}Updated`, { model }),
    delete: defineEvent(`${model}Deleted`, { model }),
  } as const;
}

/** Every operation of models whose rows do not go when another row goes, and which may thus be captured together. */
export const rules = {
  User: rulesOf("User"),
  Label: rulesOf("Label"),
  Product: rulesOf("Product"),
  Order: rulesOf("Order"),
  Payment: rulesOf("Payment"),
  Everything: rulesOf("Everything"),
  Setting: rulesOf("Setting"),
  Seat: rulesOf("Seat"),
} as const;

/** With the models whose rows go when another row goes. */
export const allRules = {
  ...rules,
  Profile: rulesOf("Profile"),
  Post: rulesOf("Post"),
  OrderLine: rulesOf("OrderLine"),
} as const;

/** Models with keys and columns of unusual types. */
export const unusualRules = {
  Price: rulesOf("Price"),
  Slot: rulesOf("Slot"),
  Reading: rulesOf("Reading"),
  Digest: rulesOf("Digest"),
  Level: rulesOf("Level"),
  Parcel: rulesOf("Parcel"),
  Sample: rulesOf("Sample"),
} as const;

/** All events of {@link allRules}. */
export const events = Object.values({ ...allRules, ...unusualRules }).flatMap((ofModel) => [
  ofModel.create,
  ofModel.update,
  ofModel.delete,
]);

export const UserCreated = rules.User.create;
export const UserUpdated = rules.User.update;
export const UserDeleted = rules.User.delete;
export const UserRenamed = defineEvent("UserRenamed", { model: "User" });
export const UserTouched = defineEvent("UserTouched", { model: "User" });
