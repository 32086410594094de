import type { Row } from "../../changes/diff.js";
import { ROWS_PER_STATEMENT } from "../rows/read-rows.js";
import { compareBy } from "../rows/row-order.js";
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
  const size = rowsPerWrite(run);
  for (let at = 0; at === 0 || at < data.length; at += size) {
    const part = data.length <= size ? run.args : { ...run.args, data: data.slice(at, at + size) };
    const rows = await writeRows(run, "createManyAndReturn", part);
    for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
      const created = keptRows(run, rows.slice(from, from + ROWS_PER_STATEMENT));
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
