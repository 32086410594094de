/** Something that is not as it should be. */
export interface Finding {
  /** A problem is in the way of events or deliveries; a warning may be meant so. */
  readonly level: "problem" | "warning";
  /** What was looked at. */
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
