import type { Prisma, PrismaClient } from "../../../prisma/generated/client/client.js";

export const orderId = "0190a000-0000-7000-8000-000000000001";
export const otherOrderId = "0190a000-0000-7000-8000-000000000002";

/** One row of everything, two of many. Client defaults are given, so that all databases are the same. */
export async function seed(db: PrismaClient): Promise<void> {
  const at = { createdAt: new Date(1_000), updatedAt: new Date(2_000) };
  await db.user.create({
    data: {
      ...at,
      email: "ann@example.org",
      name: "Ann",
      role: "ADMIN",
      nickName: "an",
      profile: { create: { bio: "b" } },
    },
  });
  await db.user.create({ data: { ...at, email: "bob@example.org" } });
  await db.user.create({ data: { ...at, email: "cyd@example.org", name: "Cyd" } });
  await db.post.createMany({
    data: [
      { title: "one", authorId: 1, body: "text" },
      { title: "two", authorId: 1 },
      { title: "three", authorId: 3 },
    ],
  });
  await db.label.createMany({ data: [{ name: "red" }, { name: "blue" }] });
  await db.post.update({ where: { id: 1 }, data: { labels: { connect: [{ id: 1 }, { id: 2 }] } } });
  await db.product.createMany({
    data: [
      { sku: "A", title: "Apple", price: "1.50", stock: 3 },
      { sku: "B", title: "Banana", price: "2", stock: 0 },
    ],
  });
  await db.order.createMany({
    data: [
      { id: orderId, number: 1n, total: "10.5", userId: 1, placedAt: new Date(3_000) },
      {
        id: otherOrderId,
        number: 9_007_199_254_740_993n,
        userId: 2,
        status: "PAID",
        placedAt: new Date(4_000),
      },
    ],
  });
  await db.orderLine.createMany({ data: [{ orderId, sku: "A", quantity: 2 }] });
  await db.payment.createMany({
    data: [{ orderId, amount: "10.5", reference: "r1", createdAt: new Date(5_000) }],
  });
  await db.setting.createMany({ data: [{ key: "theme", value: { dark: true, list: [1, null] } }] });
  await db.seat.createMany({
    data: [
      { row: 1, number: 1, holder: "Ann" },
      { row: 1, number: 2 },
    ],
  });
  await db.everything.create({ data: everything });
}

/** A value for every column of a scalar type. */
export const everything: Prisma.EverythingCreateInput = {
  text: "té\t'\"\\",
  textList: ["a", ""],
  int: -1,
  intList: [1, 2],
  big: 9_007_199_254_740_993n,
  bigOpt: -1n,
  bigList: [1n, 2n],
  float: 0.1,
  floatOpt: 1e300,
  floatList: [0.1, -0],
  bool: false,
  boolList: [true, false],
  decimal: "12345678901234567890.123456789",
  decimalOpt: "1.50",
  decimalList: ["0.10", "2"],
  date: new Date(1_234),
  dateOpt: new Date("2020-02-29"),
  dateTz: new Date(5_678),
  dateList: [new Date(0)],
  bytes: new Uint8Array([0, 255, 1]),
  bytesList: [new Uint8Array([]), new Uint8Array([7])],
  json: { b: 1, a: [null, { x: "y" }] },
  jsonList: [1, "two", { three: 3 }],
  role: "ADMIN",
  roleList: ["ADMIN", "MEMBER"],
  uuid: orderId,
};
