/** What of src/ an operation executes: for each file the functions that were called. */
export type Executed = ReadonlyMap<string, ReadonlySet<string>>;

/** What is measured. */
export const OPERATIONS = ["update", "nested update", "delivery"] as const;
export type OperationName = (typeof OPERATIONS)[number];
