import { Command } from "commander";
import { describe, expect, it } from "vitest";

import { DEAD_FILTER } from "../../src/admin/redrive.js";
import { deliveriesCommand } from "../../src/cli/deliveries-command.js";
import { withDeliveryOptions } from "../../src/cli/delivery-options.js";
import { eventsCommand } from "../../src/cli/events-command.js";
import type { EventFilter } from "../../src/outbox/find-events.js";

const namesOf = (command: Command) => command.options.map((option) => option.attributeName());

describe("options that choose", () => {
  it("deliveries are called as the conditions of redrive()", () => {
    expect(namesOf(withDeliveryOptions(new Command())).sort()).toEqual([...DEAD_FILTER].sort());
  });

  it("deliveries by their state too are called as those of deliveries()", () => {
    expect(namesOf(deliveriesCommand()).sort()).toEqual([...DEAD_FILTER, "state", "limit", "json"].sort());
  });

  it("events are called as the conditions of events()", () => {
    const conditions: readonly (keyof EventFilter)[] = [
      "event",
      "eventId",
      "aggregateType",
      "aggregateKey",
      "correlationId",
      "since",
      "until",
      "after",
      "limit",
    ];
    expect(namesOf(eventsCommand()).sort()).toEqual([...conditions, "follow", "json"].sort());
  });
});
