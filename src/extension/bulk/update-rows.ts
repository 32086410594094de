import type { Row } from "../../changes/diff.js";
import { storedOf } from "../../models/stored-row.js";
import { answerWith, type BulkAnswer, type BulkRun, keptRows, writeRows } from "./bulk-call.js";
import { chunksToWrite } from "./chunks-to-write.js";
import { pairRows, pairUnnamed } from "./pair-rows.js";
import { publishChunk, readChunkBefore } from "./related-rows.js";

/** `updateMany` and `updateManyAndReturn`. */
export async function updateRows(run: BulkRun): Promise<BulkAnswer> {
  const answer: BulkAnswer = { count: 0, rows: [] };
  const data = (run.args["data"] ?? {}) as Row;
  for await (const { locked, args, isUnnamed } of chunksToWrite(run, "no key update", () => answer.count)) {
    const chunk = await readChunkBefore(run, locked);
    const unreadable = new Set(locked.flatMap((row) => storedOf(row)?.unreadable ?? []));
    const rows = await writeRows(run, "updateManyAndReturn", args, unreadable);
    const after = keptRows(run, rows);
    const pairs = isUnnamed
      ? await pairUnnamed(run, data, locked, after)
      : await pairRows(run, data, locked, after);
    await publishChunk(
      run,
      chunk,
      pairs.map((pair) => ({ operation: "update", ...pair })),
    );
    answerWith(run, answer, rows);
  }
  return answer;
}
