/**
 * Options of functions that are on the path of every write and delivery. PostgreSQL plans their statements once in a
 * session, also those of the functions that they call: planning graphile-worker's add_jobs takes three times as long as
 * running it. Such a plan is kept, however the tables grow, and it is often made while they are empty or have just been
 * analysed as empty: then reading them from one end to the other looks cheapest, and stays so. Without these kinds of
 * plans what is left is to look up row by row in an index (by bitmaps: an ordinary index scan may read the whole index).
 *
 * A table without a fitting index is read as a whole nevertheless. Up to version 17 PostgreSQL says of a plan that does what
 * is switched off that it costs ten thousand million more, so that it would have the plan compiled at each call (JIT),
 * which takes far longer than to run it. Nothing of this is worth compiling.
 */
export const PLANNED_ONCE = /* sql */ `set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_indexscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off`;
