import { PLANNED_ONCE } from "./planned-once.js";

/** Whether a timeout is off, or longer than so many milliseconds. */
function isLooser(timeout: string, ms: string): string {
  const now = `current_setting('${timeout}')`;
  // In parentheses: PL/pgSQL would take the first "then" for that of its own if.
  return `(case when ${now} = '0' then true else ${now}::interval > ${ms} * interval '1 millisecond' end)`;
}

/** Taking a delivery inside of the transaction of its handler. */
export const claim = /* sql */ `
-- Takes a delivery in the transaction of its handler, before anything else: moves it on to delivered, only where the
-- generation is the caller's. It commits with what the handler writes, or not at all, and until then whoever else takes
-- it waits: for lock_ms at most. The server ends a session that does nothing for idle_ms, or a statement that takes
-- longer than statement_ms; where they are null, nothing is changed. What is stricter already stays.
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
  -- Assigned and not performed: such an expression is evaluated without a query of its own.
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
    -- Not of an event that was pruned meanwhile: without it nobody knows what had become of it.
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
