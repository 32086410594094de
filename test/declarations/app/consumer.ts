import type { TransactionOf } from "ex-event-bus";

import { above, below, prisma } from "./db.js";
import { Moved, NeverListed, Registered } from "./events.js";

const where = { id: 1 };
const data = { code: "a", parentId: 1 };

const created = await prisma.model7.create({ data, event: Registered, eventMetadata: { actor: "ann" } });
const code: string = created.code;
const updated = await prisma.model7.update({ where, data, include: { parent: true } });
const parentCode: string = updated.parent.code;
await prisma.model299.deleteMany();

const stored = await prisma.$publish([Registered({ id: 1, code, parentId: 1 })]);
const position: number | undefined = stored.events[0]?.position;
export const one: number = await prisma.$withEventMetadata({ actor: "ann" }, () => 1);

async function move(tx: TransactionOf<typeof prisma>) {
  await tx.model8.update({ where, data, event: Moved });
  await tx.$publish(Moved({ id: 1, code: parentCode, parentId: 1 }));
  await tx.$withoutEvents(() => tx.model7.count());
  // @ts-expect-error a transaction's client has none
  await tx.$disconnect();
}
await prisma.$transaction(move);

// @ts-expect-error an event of another model
await prisma.model7.create({ data, event: Moved });
// @ts-expect-error an event that the extension was not given
await prisma.model7.create({ data, event: NeverListed });
// @ts-expect-error an event that the extension was not given
await prisma.$publish(NeverListed({ id: 1, code, parentId: 1 }));
// @ts-expect-error there is no such field
await prisma.model7.create({ data: { ...data, kode: "" } });
// @ts-expect-error a code is a text
await prisma.model7.update({ where, data: { code: position } });
// @ts-expect-error there is no such field
created.kode;
// @ts-expect-error reads have no events
await prisma.model7.findMany({ event: Registered });
// @ts-expect-error there is no such model
prisma.model300;
// @ts-expect-error a model is no function
prisma.model7();

const event = Registered;
const [fromBelow, fromAbove] = [
  await below.model7.create({ data, event }),
  await above.model7.create({ data, event }),
];
const numbers: readonly number[] = [fromBelow.double, fromAbove.double, below.$twice(), above.$twice()];
const hello: readonly number[] = [await below.model7.hello(), await above.model7.hello()];
const exist: readonly boolean[] = [await below.model299.exists(), await above.model299.exists()];
export const all = [numbers, hello, exist];
// @ts-expect-error there is no such field
fromBelow.treble;
// @ts-expect-error an event of another model
await above.model7.create({ data, event: Moved });
// @ts-expect-error an event of another model
await below.model7.create({ data, event: Moved });
