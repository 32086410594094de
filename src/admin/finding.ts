/** A problem or warning of {@link doctor}. */
export interface Finding {
  /** A problem keeps events from being published or delivered; a warning may be intended. */
  readonly level: "problem" | "warning";
  /** The check that found it. */
  readonly check:
    | "configuration"
    | "database"
    | "rights"
    | "subscribers"
    | "workers"
    | "jobs"
    | "sequences"
    | "capture";
  /** What was found, and what to do. */
  readonly message: string;
}
