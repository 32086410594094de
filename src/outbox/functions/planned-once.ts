/**
 * Options of functions that every write or delivery runs. With them PostgreSQL plans the statements of these functions, and of
 * the functions that they call, once in a session: planning graphile-worker's `add_jobs` takes three times as long as running
 * it.
 *
 * Such a plan is kept while the tables grow. It is often made while the tables are empty, or analyzed as empty. A sequential
 * scan then looks cheapest, and would be kept too. So the options switch these kinds of plans off. The remaining plans look up
 * single rows by bitmap scans of an index; an ordinary index scan could read the whole index.
 *
 * A table without a suitable index is still read sequentially. PostgreSQL up to 17 adds 10^10 to the cost of a plan that is
 * switched off, and therefore would compile it (JIT) at each call, which takes far longer than running it. So JIT is off too.
 */
export const PLANNED_ONCE = /* sql */ `set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_indexscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off`;
