import { InvoiceDue, NeverListed, prisma, UserRegistered } from "../shop.js";

// None of this compiles. Behind each line stands where the compilers complain, and what they say among other things: it
// has to name what is wrong.

const row = await prisma.user.findFirstOrThrow();

InvoiceDue({ invoiceId: 7, dueAt: "" }); // invoiceId | Type 'number' is not assignable to type 'string'.
InvoiceDue({ invoiceId: "7", dueAt: "", due: 1 }); // due: | 'due' does not exist in type
InvoiceDue({ invoiceId: "7" }); // { | Property 'dueAt' is missing
UserRegistered({ ...row, email: 7 }); // email | Type 'number' is not assignable to type 'string'.
UserRegistered({ ...row, emial: "" }); // emial | 'emial' does not exist in type
UserRegistered({ id: 1 }); // { | is missing the following properties
UserRegistered(row, { changes: { email: 7 } }); // email | Type 'number' is not assignable to type 'string'.
UserRegistered(row, { metadata: { at: row.createdAt } }); // at | Type 'Date' is not assignable to type 'Json | undefined'.
await prisma.$publish(UserRegistered({ ...row, email: 7 })); // email | Type 'number' is not assignable
await prisma.$publish([InvoiceDue({ invoiceId: 7, dueAt: "" })]); // invoiceId | Type 'number' is not assignable
await prisma.$publish(NeverListed(row)); // NeverListed | Type '"NeverListed"' is not assignable to type '"
await prisma.$transaction((tx) => tx.$publish(UserRegistered({ ...row, email: 7 }))); // email | Type 'number' is not
