import { asCallFailure } from "../prisma/errors.js";
import { interceptRequest, type Progress, type RequestSteps } from "../prisma/intercept-request.js";
import type { InternalClient, InternalParams, TransactionHandle } from "../prisma/internals.js";
import { batchItemOf } from "./joined-batch.js";
import { noteFailure } from "./transaction-queue.js";

/**
 * {@link interceptRequest} for a call that another extension may put into a batch of its own: the batch is run in
 * `transaction` then. What fails before the query is sent is told as a failure of the call, and noted.
 */
export function interceptInTransaction<Before>(
  root: InternalClient,
  params: InternalParams,
  transaction: TransactionHandle,
  steps: RequestSteps<Before>,
  progress: Progress,
): InternalParams {
  return interceptRequest(params, transaction, steps, progress, {
    join(handle, joined, after) {
      const before = after?.ready ?? Promise.resolve();
      const item = batchItemOf(handle);
      return item?.claim(joined, (run) => void before.then(run, run)) === true ? item : undefined;
    },
    failed(error) {
      const told = asCallFailure(error, root, params);
      if (told !== error) noteFailure(transaction, told);
      return told;
    },
  });
}
