import type { FlightsPrisma } from "./db.js";
import type { FlightData, FlightRow } from "./flight-data.js";

/** How many mutations run at once: as many connections as Prisma's adapter has. */
const concurrency = 10;

type Numbered = Pick<FlightRow, "id">;

/** Which flights are corrected and cancelled: always the same ones. */
const isLater = ({ id }: Numbered) => id % 8 === 0;
const isDiverted = ({ id }: Numbered) => id % 25 === 0;
const isCancelled = ({ id }: Numbered) => id % 20 === 0;

/** How many mutations {@link loadFlights} is going to make. */
export function countMutations({ count }: FlightData): number {
  let mutations = count;
  for (let id = 1; id <= count; id++) {
    mutations += [isLater, isDiverted, isCancelled].filter((matches) => matches({ id })).length;
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
  const airports = await data.airports();
  await prisma.airport.createMany({ data: [...airports] });
  const elsewhere = airports.map(({ iata }) => iata);
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

async function inParallel<T>(items: AsyncGenerator<T>, work: (item: T) => Promise<void>): Promise<void> {
  const lane = async () => {
    for (let next = await items.next(); next.done !== true; next = await items.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}

async function* filter<T>(items: AsyncIterable<T>, matches: (item: T) => boolean): AsyncGenerator<T> {
  for await (const item of items) if (matches(item)) yield item;
}
