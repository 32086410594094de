/** What publishing stored and enqueued. */
export interface PublishResult {
  /** The events, in the order in which they were given. */
  readonly events: readonly { readonly id: string; readonly position: number }[];
  /**
   * How many deliveries were enqueued, one for each event and subscriber. 0: nobody subscribes; the events
   * are kept.
   */
  readonly deliveries: number;
}
