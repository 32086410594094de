import type { Row } from "../../changes/diff.js";
import { identityOf } from "../../models/row-key.js";
import { storedOf } from "../../models/stored-row.js";
import type { CapturedOperation } from "../../registry/capture-rules.js";
import { incompatible } from "../prisma/internals.js";
import { bytesOf, CHUNK_BYTES, cut } from "../rows/chunk-size.js";
import { LostRace } from "../rows/lost-race.js";
import { ROWS_PER_STATEMENT, readRows } from "../rows/read-rows.js";
import { compareBy } from "../rows/row-order.js";
import { asStored } from "../rows/unreadable-values.js";
import {
  answerWith,
  type BulkAnswer,
  type BulkRun,
  checkRows,
  keptRows,
  publishRows,
  write,
  writeRows,
} from "./bulk-call.js";
import { chunksToWrite } from "./chunks-to-write.js";
import { pairRows, pairUnnamed } from "./pair-rows.js";
import { publishChunk, readRelated } from "./related-rows.js";
import { rowsPerWrite } from "./rows-per-write.js";

/** Writes the rows of a bulk call chunk by chunk, and publishes the events of each chunk. */
export const WRITERS: Readonly<Record<CapturedOperation, (run: BulkRun) => Promise<BulkAnswer>>> = {
  create: createRows,
  update: updateRows,
  delete: deleteRows,
};

/** `createMany` and `createManyAndReturn`. With `skipDuplicates` PostgreSQL answers with the rows that it inserted. */
async function createRows(run: BulkRun): Promise<BulkAnswer> {
  const { model } = run.mutation;
  const data = [run.args["data"]].flat();
  checkRows(run, data.length, false);
  const answer: BulkAnswer = { count: 0, rows: [] };
  const rowsPerChunk = rowsPerWrite(run, undefined);
  const most = { rows: rowsPerChunk, bytes: rowsPerChunk > ROWS_PER_STATEMENT ? rowsPerChunk : CHUNK_BYTES };
  // An empty list is sent too: Prisma checks the other arguments.
  const chunks = data.length === 0 ? [data] : cut(data, most, bytesOf);
  for (const chunk of chunks) {
    const args = chunk.length === data.length ? run.args : { ...run.args, data: chunk };
    const rows = await writeRows(run, "createManyAndReturn", args);
    for (const some of cut(rows, { rows: ROWS_PER_STATEMENT, bytes: CHUNK_BYTES }, bytesOf)) {
      const created: Row[] = [];
      for (const row of keptRows(run, some))
        created.push(await asStored(run.bus, run.transaction, model, row, undefined));
      created.sort(compareBy(model, run.key.fields));
      await publishRows(
        run,
        created.map((after: Row) => ({ operation: "create", before: undefined, after })),
      );
    }
    answerWith(run, answer, rows);
  }
  return answer;
}

/** `updateMany` and `updateManyAndReturn`. */
async function updateRows(run: BulkRun): Promise<BulkAnswer> {
  const answer: BulkAnswer = { count: 0, rows: [] };
  const data = (run.args["data"] ?? {}) as Row;
  for await (const { locked, args, isUnnamed } of chunksToWrite(run, "no key update", () => answer.count)) {
    const related = await readRelated(run, locked);
    const unreadable = new Set(locked.flatMap((row) => storedOf(row)?.unreadable ?? []));
    const rows = await writeRows(run, "updateManyAndReturn", args, unreadable);
    const after = keptRows(run, rows);
    const pairs = isUnnamed
      ? await pairUnnamed(run, data, locked, after)
      : await pairRows(run, data, locked, after);
    await publishChunk(
      run,
      related,
      pairs.map((pair) => ({ operation: "update", ...pair })),
    );
    answerWith(run, answer, rows);
  }
  return answer;
}

/** `deleteMany`. */
async function deleteRows(run: BulkRun): Promise<BulkAnswer> {
  const answer: BulkAnswer = { count: 0, rows: [] };
  for await (const { locked, args, isUnnamed } of chunksToWrite(run, "update", () => answer.count)) {
    const related = await readRelated(run, locked);
    const { count } = (await write(run, "deleteMany", args)) as { readonly count: number };
    const isAll = count === locked.length && !isUnnamed;
    const deleted = isAll ? locked : await withoutThoseLeft(run, locked);
    if (isUnnamed && count !== deleted.length) throw new LostRace();
    if (count > deleted.length) throw incompatible("the condition that names rows by their key");
    await publishChunk(
      run,
      related,
      deleted.map((before) => ({ operation: "delete", before, after: undefined })),
    );
    answer.count += count;
  }
  return answer;
}

/** A row may have stopped to meet the `where` while the call waited for its lock. */
async function withoutThoseLeft(run: BulkRun, locked: readonly Row[]): Promise<readonly Row[]> {
  const { bus, transaction, mutation, key } = run;
  const { model } = mutation;
  const left = await readRows(bus, transaction, { model, by: key.fields, among: locked });
  const keys = new Set(left.map((row) => identityOf(model, row)));
  return locked.filter((row) => !keys.has(identityOf(model, row)));
}
