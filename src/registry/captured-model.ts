/** What is captured of a model, and what is not. */
export interface CapturedModel {
  readonly model: string;
  /** The events of the operation: "UserRegistered", or "UserEmailChanged when …" for a rule with a condition. */
  readonly create: readonly string[];
  readonly update: readonly string[];
  readonly delete: readonly string[];
  /** Fields that events leave out. */
  readonly omitted: readonly string[];
  /** Fields whose values events replace. */
  readonly masked: readonly string[];
  /** Changes that lead to no event, and why. */
  readonly notCaptured: readonly string[];
}

/** An extension that was applied before the event bus, and whose hooks run around its own. */
export interface OuterExtension {
  /** Undefined if it has no name. */
  readonly name: string | undefined;
  /** Writes of models with rules that it has hooks for: "User.delete". */
  readonly calls: readonly string[];
}

/** What a client captures. */
export interface DescribedCapture {
  /** The names of its events. */
  readonly events: readonly string[];
  /** The models, in the order of the schema. */
  readonly models: readonly CapturedModel[];
  /** The extensions, in the order in which they were applied. */
  readonly outer: readonly OuterExtension[];
}

/** The method of an extended client that returns {@link DescribedCapture}. Not for applications: `doctor` calls it. */
export const DESCRIBE = "$describeCapture";

/**
 * The method of an extended client that runs the self-check of the extension. Not for applications: `doctor`, `migrate` and workers
 * call it.
 *
 * @throws EventBusError `PRISMA_INCOMPATIBLE`; or the error of the database.
 */
export const CHECK_CLIENT = "$checkCapture";

/** Writes that no rule can capture. */
export const NEVER_SEEN = "raw SQL, clients without the extension, triggers and other programs";
