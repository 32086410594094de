import type { Row } from "../../changes/diff.js";
import { bytesOf, CHUNK_BYTES, cut } from "../rows/chunk-size.js";
import { ROWS_PER_STATEMENT } from "../rows/read-rows.js";
import { compareBy } from "../rows/row-order.js";
import { asStored } from "../rows/unreadable-values.js";
import {
  answerWith,
  type BulkAnswer,
  type BulkRun,
  checkRows,
  keptRows,
  publishRows,
  writeRows,
} from "./bulk-call.js";
import { rowsPerWrite } from "./rows-per-write.js";

/** `createMany` and `createManyAndReturn`. With `skipDuplicates` PostgreSQL answers with the rows that it inserted. */
export async function createRows(run: BulkRun): Promise<BulkAnswer> {
  const { model } = run.mutation;
  const data = [run.args["data"]].flat();
  checkRows(run, data.length, false);
  const answer: BulkAnswer = { count: 0, rows: [] };
  // Also an empty list is asked for: Prisma says whether it likes the other arguments.
  const rowsPerChunk = rowsPerWrite(run, undefined);
  const most = { rows: rowsPerChunk, bytes: rowsPerChunk > ROWS_PER_STATEMENT ? rowsPerChunk : CHUNK_BYTES };
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
