import type { DeliveryConditions } from "../outbox/delivery-filter.js";
import { invalidOption, type Place, within } from "../registry/check-options.js";

/** @throws EventBusError `INVALID_OPTION` for a time that is none, or an id that is none. */
export function checkFilter(
  filter: Pick<DeliveryConditions, "since" | "until" | "eventId">,
  place: Place,
): void {
  const ofFilter = within(place, "filter");
  for (const option of ["since", "until"] as const) {
    const time: unknown = filter[option];
    if (time !== undefined && !(time instanceof Date && !Number.isNaN(time.getTime())))
      throw invalidOption(option, time, "a valid Date", ofFilter);
  }
  for (const id of filter.eventId === undefined ? [] : [filter.eventId].flat()) {
    if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id))
      throw invalidOption("eventId", id, "the id of an event, a UUID", ofFilter);
  }
}
