import type { FlightsPrisma } from "./db.js";
import type { FlightData, FlightRow } from "./flight-data.js";

/** How many mutations run at once: as many connections as Prisma's adapter has. */
const concurrency = 10;

/** Which flights are corrected and cancelled: always the same ones. */
const isLater = ({ id }: FlightRow) => id % 8 === 0;
const isDiverted = ({ id }: FlightRow) => id % 25 === 0;
const isCancelled = ({ id }: FlightRow) => id % 20 === 0;

/** How many mutations {@link loadFlights} is going to make. */
export function countMutations(data: FlightData): number {
  let mutations = 0;
  for (const flight of data.rows()) {
    mutations += 1 + [isLater, isDiverted, isCancelled].filter((matches) => matches(flight)).length;
  }
  return mutations;
}

/**
 * Creates every flight; then corrects the delay of some, lets some land elsewhere, and cancels some, of which a few
 * were corrected before. Each is a Prisma mutation and an event. Holds no more than `concurrency` of them in memory.
 */
export async function loadFlights(
  prisma: FlightsPrisma,
  data: FlightData,
  onMutation: () => void,
): Promise<void> {
  await prisma.airport.createMany({ data: [...data.airports()] });
  const elsewhere = data.airports().map(({ iata }) => iata);
  const forEach = (
    matches: (flight: FlightRow) => boolean,
    mutate: (flight: FlightRow) => PromiseLike<unknown>,
  ) =>
    inParallel(filter(data.rows(), matches), async (flight) => {
      await mutate(flight);
      onMutation();
    });

  await forEach(
    () => true,
    (flight) => prisma.flight.create({ data: flight }),
  );
  await forEach(isLater, ({ id }) =>
    prisma.flight.update({ where: { id }, data: { delay: { increment: 5 + (id % 40) } } }),
  );
  await forEach(isDiverted, ({ id, origin, destination, distance }) => {
    const others = elsewhere.filter((iata) => iata !== origin && iata !== destination);
    const diversion = { destination: others[id % others.length] ?? destination, distance: distance + 50 };
    return prisma.flight.update({ where: { id }, data: diversion });
  });
  await forEach(isCancelled, ({ id }) => prisma.flight.delete({ where: { id } }));
}

async function inParallel<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const shared = items[Symbol.iterator]();
  const lane = async () => {
    for (let next = shared.next(); next.done !== true; next = shared.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

function* filter<T>(items: Iterable<T>, matches: (item: T) => boolean): Generator<T> {
  for (const item of items) if (matches(item)) yield item;
}
