/** What a worker process is started with. */
export interface WorkerSettings {
  readonly name: string;
  /** The way to the database that may be disturbed. */
  readonly url: string;
  /** The way by which subscribers note what they received. */
  readonly directUrl: string;
  /** Undefined: the worker finds out. */
  readonly listen?: boolean | undefined;
}

export function readSettings(text: string): WorkerSettings {
  return JSON.parse(text) as WorkerSettings;
}
