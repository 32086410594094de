const day = (text: string) => new Date(`${text}T00:00:00Z`);
const time = (text: string) => new Date(`2026-01-01T${text}Z`);

/** Rows of models with every kind of key, in the order of their keys. */
export const rowsByModel: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  User: [
    { id: 2, email: "b@example.org" },
    { id: 9, email: "a@example.org", role: "ADMIN" },
    { id: 10, email: "c@example.org" },
  ],
  Product: [
    { sku: "", title: "Nothing", price: "1" },
    { sku: "A", title: "Apple", price: "1.50" },
    { sku: 'B"\\,{}', title: "Banana", price: 2 },
  ],
  Setting: [
    { key: "one", value: { a: [1, null] } },
    { key: "three", value: 3 },
    { key: "two", value: "2" },
  ],
  Seat: [
    { row: 1, number: 2, holder: "Ann" },
    { row: 1, number: 10, holder: null },
    { row: 2, number: 1, holder: "Bob" },
  ],
  Price: [
    { code: "-1.5", amount: "12345.67", rates: ["1.5", "2"] },
    { code: "1.125", amount: "-0.01", rates: [] },
    { code: "20", amount: 0, rates: ["0"] },
  ],
  Slot: [
    { day: day("2026-01-02"), role: "MEMBER", room: 5n },
    { day: day("2026-01-02"), role: "ADMIN", room: 4n },
    { day: day("2026-01-10"), role: "MEMBER", room: 2n ** 60n },
  ],
  Reading: [{ at: time("08:00:00.001") }, { at: time("08:00:00.010") }, { at: time("20:00:00") }],
  Digest: [{ hash: Uint8Array.of() }, { hash: Uint8Array.of(0, 92, 34) }, { hash: Uint8Array.of(255, 1) }],
  Level: [{ role: "MEMBER" }, { role: "ADMIN" }],
  Parcel: [
    { id: 1n, token: "0190a000-0000-7000-8000-00000000000a", width: 2, height: 3 },
    { id: 2n, token: "0190a000-0000-7000-8000-000000000001", width: 2 },
    { id: 2n ** 53n + 1n, token: "0190a000-0000-7000-8000-000000000002", width: 4, height: 1 },
  ],
};
