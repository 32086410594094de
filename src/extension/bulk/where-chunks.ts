import { WRITE_OPERATIONS } from "../../models/operations.js";
import { isGiven } from "../prisma/internals.js";
import { noRow } from "../rows/no-row.js";
import { type BulkRun, checkRows, request, returnsRows } from "./bulk-call.js";
import { type FoundKeys, findKeys } from "./find-rows.js";
import { valuesIn, type WhereChunk, withList } from "./where-values.js";

/** How many parameters Prisma sends with one statement at most. */
const MOST_PARAMETERS = 32_766;

/** Arguments, with the keys that they find where these are known. */
export interface KeyedChunk extends WhereChunk {
  readonly keys: FoundKeys | undefined;
}

/**
 * Where a `where` holds too many values for one statement, Prisma sends several, each with a part of the longest list
 * and with the whole `limit`; later ones see what earlier ones have written. The extension does the same, and first
 * has Prisma refuse what it refuses.
 *
 * @throws EventBusError `TOO_MANY_ROWS` before anything is written: the rows of several are counted first.
 */
export async function whereChunks(run: BulkRun): Promise<readonly KeyedChunk[]> {
  const { args, bus, mutation, key } = run;
  const { models } = bus;
  const { model, operation } = mutation;
  const values = valuesIn(models, model, args["where"]);
  const others = parametersOf(run);
  const whole = { args, values, keys: undefined };
  if (values.count + others <= MOST_PARAMETERS) return [whole];
  const { limit: _, ...unlimited } = args;
  await request(run, operation, {
    ...unlimited,
    where: { AND: [args["where"], noRow(model, key.fields)] },
    ...(returnsRows(mutation) ? { select: { [key.fields[0] ?? ""]: true } } : {}),
  });
  const longest = Math.max(0, ...values.lists.map((list) => list.values.length));
  const list = values.lists.find((one) => one.values.length === longest);
  const size = MOST_PARAMETERS - others - (values.count - longest);
  if (list === undefined || size < 1) return [whole];
  const chunks = Array.from({ length: Math.ceil(longest / size) }, (__, n) => {
    const where = withList(args["where"], list.path, list.values.slice(n * size, (n + 1) * size));
    return { args: { ...args, where }, values: valuesIn(models, model, where) };
  });
  const keys: FoundKeys[] = [];
  for (const chunk of chunks) keys.push(await findKeys(run, chunk));
  checkRows(
    run,
    keys.reduce((sum, { length }) => sum + length, 0),
    true,
  );
  return chunks.map((chunk, n) => ({ ...chunk, keys: n === 0 ? keys[0] : undefined }));
}

/** How many parameters a statement has beside those of its `where`. */
function parametersOf({ mutation, args }: BulkRun): number {
  const { model, operation } = mutation;
  const limit = isGiven(args["limit"]) ? 1 : 0;
  if (WRITE_OPERATIONS[operation].updateKey === undefined) return limit;
  const data = Object.entries((args["data"] ?? {}) as object).filter(([, value]) => isGiven(value));
  const written = new Set(data.map(([name]) => name));
  const moments = Array.from(model.scalars.values()).filter(
    ({ name, isUpdatedAt }) => isUpdatedAt && !written.has(name),
  );
  return limit + data.length + moments.length;
}
