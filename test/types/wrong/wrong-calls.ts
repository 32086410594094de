import { InvoiceDue, NeverListed, OrderPaid, prisma, UserRegistered } from "../shop.js";

// As in wrong-drafts.ts.

const where = { id: 1 };
const data = { email: "a@b.c" };

await prisma.user.create({ data, event: NeverListed }); // event | AnEventOfThisModelFromTheOptionEvents
await prisma.user.update({ where, data, event: OrderPaid }); // event | AnEventOfThisModelFromTheOptionEvents
await prisma.user.update({ where, data, event: [UserRegistered, NeverListed] }); // NeverListed | AnEventOfThisModelFromTheOptionEvents
await prisma.user.upsert({ where, create: data, update: data, event: NeverListed }); // event | AnEventOfThisModelFromTheOptionEvents
await prisma.user.deleteMany({ where, event: InvoiceDue }); // event | AnEventOfThisModelFromTheOptionEvents
await prisma.profile.delete({ where, event: UserRegistered }); // event | AnEventOfThisModelFromTheOptionEvents
await prisma.$transaction((tx) => tx.user.create({ data, event: NeverListed })); // event | AnEventOfThisModelFromTheOptionEvents
