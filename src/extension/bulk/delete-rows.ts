import type { Row } from "../../changes/diff.js";
import { identityOf } from "../../models/row-key.js";
import { incompatible } from "../prisma/internals.js";
import { LostRace } from "../rows/lost-race.js";
import { readRows } from "../rows/read-rows.js";
import { type BulkAnswer, type BulkRun, write } from "./bulk-call.js";
import { chunksToWrite } from "./chunks-to-write.js";
import { publishChunk, readChunkBefore } from "./related-rows.js";

/** `deleteMany`. */
export async function deleteRows(run: BulkRun): Promise<BulkAnswer> {
  const answer: BulkAnswer = { count: 0, rows: [] };
  for await (const { locked, args, isUnnamed } of chunksToWrite(run, "update", () => answer.count)) {
    const chunk = await readChunkBefore(run, locked);
    const written = await write(run, "deleteMany", args);
    const { count } = written as { readonly count: number };
    const isAll = count === locked.length && !isUnnamed;
    const gone = isAll ? locked : await withoutThoseLeft(run, locked);
    if (isUnnamed && count !== gone.length) throw new LostRace();
    if (count > gone.length) throw incompatible("the condition that names rows by their key");
    await publishChunk(
      run,
      chunk,
      gone.map((before) => ({ operation: "delete", before, after: undefined })),
    );
    answer.count += count;
  }
  return answer;
}

/** A row may have stopped to be what the `where` looks for while its lock was waited for. */
async function withoutThoseLeft(run: BulkRun, locked: readonly Row[]): Promise<readonly Row[]> {
  const { bus, transaction, mutation, key } = run;
  const { model } = mutation;
  const left = await readRows(bus, transaction, { model, by: key.fields, among: locked });
  const keys = new Set(left.map((row) => identityOf(model, row)));
  return locked.filter((row) => !keys.has(identityOf(model, row)));
}
