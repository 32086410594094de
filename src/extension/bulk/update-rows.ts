import type { Row } from "../../changes/diff.js";
import { answerWith, type BulkAnswer, type BulkRun, keptRows, writeRows } from "./bulk-call.js";
import { loadPart, publishPart } from "./far-rows.js";
import { findKeys, lockFound, parts, withoutLimit } from "./find-rows.js";
import { amongRows } from "./key-condition.js";
import { pairRows } from "./pair-rows.js";

/** `updateMany` and `updateManyAndReturn`. */
export async function updateRows(run: BulkRun): Promise<BulkAnswer> {
  const answer: BulkAnswer = { count: 0, rows: [] };
  const data = (run.args["data"] ?? {}) as Row;
  for (const keys of parts(run, await findKeys(run))) {
    const locked = await lockFound(run, keys, "no key update");
    const part = await loadPart(run, locked);
    const where = amongRows(run.args, run.key, locked);
    const rows = await writeRows(run, "updateManyAndReturn", { ...withoutLimit(run.args), where });
    const after = keptRows(run, rows);
    const pairs = await pairRows(run, data, locked, after);
    await publishPart(
      run,
      part,
      pairs.map((pair) => ({ operation: "update", ...pair })),
    );
    answerWith(run, answer, rows);
  }
  return answer;
}
