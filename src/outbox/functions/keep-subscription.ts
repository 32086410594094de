/** What keeps the subscriptions that the log knows. */
export const keepSubscription = /* sql */ `
-- Deliveries know their subscription by its id alone: without the row nobody could make, end or find them.
create or replace function :BUS.keep_subscription() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if exists (select from :BUS.events e where e.name = old.event_name and old.id = any (e.fanout)) then
    raise exception 'The subscription of "%" to "%" is not deleted: events in the log went to it. End it with: npx ex-event-bus unsubscribe %',
      old.subscriber, old.event_name, old.subscriber using errcode = '23503';
  end if;
  return old;
end $$;
create or replace trigger keep_subscription before delete on :BUS.subscriptions
  for each row execute function :BUS.keep_subscription();
`;
