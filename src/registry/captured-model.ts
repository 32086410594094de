/** What of a model is captured, and what is not. */
export interface CapturedModel {
  readonly model: string;
  /** Of the events that lead to one: "UserRegistered", or "UserEmailChanged when …" for one with a condition. */
  readonly create: readonly string[];
  readonly update: readonly string[];
  readonly delete: readonly string[];
  /** Fields that no event says. */
  readonly omitted: readonly string[];
  /** Fields of which events say something else. */
  readonly masked: readonly string[];
  /** What of it leads to no event, and why. */
  readonly notCaptured: readonly string[];
}

/** An extension that was applied before the event bus, so that its hooks run around those of that. */
export interface OuterExtension {
  /** Undefined: it has no name. */
  readonly name: string | undefined;
  /** Writes of models with rules for which it has hooks: "User.delete". */
  readonly calls: readonly string[];
}

/** What a client publishes. */
export interface DescribedCapture {
  /** The names of its events. */
  readonly events: readonly string[];
  /** In the order of the schema. */
  readonly models: readonly CapturedModel[];
  /** The first one first. */
  readonly outer: readonly OuterExtension[];
}

/** The method of an extended client that tells it. Not for applications: `doctor` shows it. */
export const DESCRIBE = "$describeCapture";

/**
 * The method of an extended client that checks whether Prisma does what the extension relies on. Not for applications:
 * `doctor`, `migrate` and workers call it.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`; else what the database has failed with.
 */
export const CHECK_CLIENT = "$checkCapture";

/** What no rule makes visible. */
export const NEVER_SEEN = "raw SQL, clients without the extension, triggers and other programs";
