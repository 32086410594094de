import type { Prisma } from "generated-client";
import * as v from "valibot";
import { defineEvent, eventsFor } from "../../src/registry/define-event.js";
import type { AnyEvent, StoredEvent } from "../../src/registry/event.js";
import type { AnyEventType, EventDraft, EventDraftOf, EventOf } from "../../src/registry/event-type.js";
import { isEvent, isEventType } from "../../src/registry/is-event.js";
import { type Equal, expectType } from "./expect-type.js";
import { InvoiceDue, type OrderPaid, shop, type UserEmailChanged, UserRegistered } from "./shop.js";

// Names are literals, models are those of the schema.
expectType<Equal<typeof UserRegistered.name, "UserRegistered">>();
expectType<Equal<typeof UserRegistered.model, "User">>();
expectType<Equal<typeof UserRegistered.aggregateType, "User">>();
expectType<Equal<typeof InvoiceDue.model, undefined>>();
shop.defineEvent("WithSchema", { schema: v.object({ id: v.string() }) });
// @ts-expect-error there is no such model
shop.defineEvent("Unknown", { model: "Nope" });
// @ts-expect-error models have the names of the schema, not of the client's properties
shop.defineEvent("Unknown", { model: "user" });
// @ts-expect-error there is no such option
shop.defineEvent("Unknown", { model: "User", versoin: 2 });
// @ts-expect-error either a model or a schema
shop.defineEvent("Unknown", {});
// @ts-expect-error without eventsFor no models are known
defineEvent("Unknown", { model: "User" });
// @ts-expect-error no schema
defineEvent("Unknown", { schema: { parse: (value: unknown) => value } });
// @ts-expect-error neither a type map nor a client
eventsFor<{ readonly name: string }>().defineEvent("Unknown", { model: "User" });

// What a handler receives of a model event: the row and what changed of it.
type Registered = EventOf<typeof UserRegistered>;
type Row = Registered["aggregate"];
expectType<Equal<Registered["name"], "UserRegistered">>();
expectType<Equal<Row["email"], string>>();
expectType<Equal<Row["name"], string | null>>();
expectType<Equal<Row["createdAt"], Date>>();
expectType<Equal<Registered["position"], number>>();
expectType<Registered extends StoredEvent ? true : false>();
expectType<Equal<EventOf<typeof OrderPaid>["aggregate"]["total"], Prisma.Decimal>>();
expectType<Equal<EventOf<typeof OrderPaid>["aggregate"]["number"], bigint>>();

type Changes = Registered["changes"];
expectType<Equal<Changes["email"], string | undefined>>();
expectType<Equal<Changes["name"], string | null | undefined>>();
type Posts = NonNullable<Changes["posts"]>;
// A row that is gone.
expectType<null extends Posts[number] ? true : false>();
type NewPost = NonNullable<Posts[number]>;
expectType<Equal<NewPost["title"], string | undefined>>();
type Profile = NonNullable<Changes["profile"]>;
expectType<null extends Changes["profile"] ? true : false>();
expectType<Equal<Profile["bio"], string | undefined>>();
// Relations are mirrored at any depth, also around a circle.
type LabelOfPost = NonNullable<NonNullable<NewPost["labels"]>[number]>;
expectType<
  Equal<NonNullable<NonNullable<LabelOfPost["posts"]>[number]>["body"], string | null | undefined>
>();

type Initial = Registered["initialData"];
expectType<Equal<Initial["email"], string | null | undefined>>();
expectType<Equal<NonNullable<Initial["posts"]>[number]["title"], string | null | undefined>>();
expectType<null extends Initial["posts"] ? true : false>();

// Lists of scalars and Json are as Prisma has them.
const Everything = shop.defineEvent("Everything", { model: "Everything" });
type Every = EventOf<typeof Everything>["aggregate"];
expectType<Equal<Every["textList"], string[]>>();
expectType<Equal<Every["json"], Prisma.JsonValue>>();
expectType<Equal<Every["bigOpt"], bigint | null>>();
expectType<Equal<EventOf<typeof Everything>["changes"]["decimalList"], Prisma.Decimal[] | undefined>>();

declare const row: Row;
const draft = UserRegistered(row, {
  aggregateKey: row.id,
  metadata: { actor: "admin" },
  changes: { email: row.email },
});
expectType<Equal<typeof draft, EventDraftOf<typeof UserRegistered>>>();
expectType<Equal<typeof draft.aggregate, Row>>();
UserRegistered(row, { changes: { posts: [{ title: "Hello" }] }, initialData: { posts: [], profile: null } });
UserRegistered(row, { aggregateKey: ["a", 1], operation: "create" });
declare const total: Prisma.Decimal;
UserRegistered(row, { aggregateKey: [total, new Uint8Array(), new Date(), 1n, true] });
// @ts-expect-error an object is no key
UserRegistered(row, { aggregateKey: { id: 1 } });
// @ts-expect-error a row has all fields
UserRegistered({ id: 1 });
// @ts-expect-error an aggregate is needed
UserRegistered();
// @ts-expect-error there is no such field
UserRegistered(row, { changes: { nope: 1 } });
// @ts-expect-error there is no such operation
UserRegistered(row, { operation: "upsert" });
// @ts-expect-error there is no such option
UserRegistered(row, { metaData: {} });
// @ts-expect-error events are immutable
draft.operation = "create";

// A schema event: drafts take what the schema accepts, published events hold what it returns.
const due = InvoiceDue({ invoiceId: "i1", dueAt: "2030-01-01" });
expectType<Equal<typeof due.aggregate.dueAt, string>>();
expectType<Equal<EventOf<typeof InvoiceDue>["aggregate"], { invoiceId: string; dueAt: Date }>>();
// @ts-expect-error the draft takes the schema's input
InvoiceDue({ invoiceId: "i1", dueAt: new Date() });
// @ts-expect-error a schema event has no changes
due.changes.dueAt;

// A union of events narrows by its name, and by isEvent.
declare const event: EventOf<typeof UserEmailChanged | typeof InvoiceDue | typeof OrderPaid>;
// @ts-expect-error not every event of the union has this field
event.aggregate.email;
if (event.name === "UserEmailChanged") expectType<Equal<typeof event.aggregate.email, string>>();
else if (event.name === "InvoiceDue") expectType<Equal<typeof event.aggregate.dueAt, Date>>();
else expectType<Equal<typeof event.name, "OrderPaid">>();
if (isEvent(event, InvoiceDue)) expectType<Equal<typeof event.aggregate.dueAt, Date>>();

declare const value: unknown;
if (isEvent(value)) expectType<Equal<typeof value, AnyEvent>>();
if (isEvent(value, UserRegistered)) expectType<Equal<typeof value.aggregate.email, string>>();
if (isEventType(value)) expectType<Equal<typeof value, AnyEventType>>();

// Every event type is an AnyEventType, every draft an EventDraft; a stored event is no draft.
const types: readonly AnyEventType[] = [UserRegistered, InvoiceDue];
const drafts: readonly EventDraft[] = [draft, due];
// @ts-expect-error stored already
const again: EventDraft = event;
