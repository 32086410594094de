import { PLANNED_ONCE } from "./planned-once.js";

/** SQL: whether a timeout is off, or longer than the given number of milliseconds. */
function isLooser(timeout: string, ms: string): string {
  const now = `current_setting('${timeout}')`;
  // In parentheses: PL/pgSQL would take the first "then" for that of its own if.
  return `(case when ${now} = '0' then true else ${now}::interval > ${ms} * interval '1 millisecond' end)`;
}

/** Claims a delivery in the transaction of its handler. */
export const claim = /* sql */ `
-- Claims a delivery, as the first statement of its handler's transaction: changes its state to delivered if its
-- generation is the caller's. The claim commits or rolls back with the handler's writes. Until then another claim of the
-- delivery waits, for lock_ms at most. The server ends a session that is idle for idle_ms, and a statement that runs
-- longer than statement_ms. If idle_ms is null, no timeout is changed. Stricter timeouts stay as they are.
create or replace function :BUS.claim(
  "position" bigint, subscription_id integer, generation integer, claim text,
  idle_ms integer, statement_ms integer, lock_ms integer
) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp ${PLANNED_ONCE} as $$
#variable_conflict use_column
declare
  lock_before constant text := current_setting('lock_timeout');
  taken boolean;
  ignored text;
  added integer;
begin
  -- An assignment evaluates such an expression without a query; PERFORM would run one.
  if idle_ms is not null then
    if ${isLooser("idle_in_transaction_session_timeout", "idle_ms")} then
      ignored := set_config('idle_in_transaction_session_timeout', idle_ms::text, true);
    end if;
    if ${isLooser("statement_timeout", "statement_ms")} then
      ignored := set_config('statement_timeout', statement_ms::text, true);
    end if;
    ignored := set_config('lock_timeout', lock_ms::text, true);
  end if;
  if claim.generation = 0 then
    -- If the event was pruned meanwhile, the outcome of its delivery is unknown: nothing is claimed.
    insert into :BUS.deliveries (position, subscription_id, state, generation, attempt, claim, finished_at)
    select claim.position, claim.subscription_id, 'delivered', 1, 1, claim.claim, clock_timestamp()
     where exists (select from :BUS.events e where e.position = claim.position)
    on conflict do nothing;
  else
    update :BUS.deliveries as d
       set state = 'delivered', generation = d.generation + 1, attempt = d.attempt + 1, claim = claim.claim,
           reason = null, due_at = null, finished_at = clock_timestamp()
     where d.position = claim.position and d.subscription_id = claim.subscription_id
       and d.generation = claim.generation;
  end if;
  taken := found;
  if taken then
    added := :BUS.after_transition(array[claim.position], array[claim.subscription_id], null);
  end if;
  if idle_ms is not null then
    ignored := set_config('lock_timeout', lock_before, true);
  end if;
  return taken;
end $$;
`;
