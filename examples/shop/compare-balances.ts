import type { Pool } from "pg";

/** What a user has ordered and paid, according to the projection and to the tables. */
export interface BalanceComparison {
  readonly name: string;
  readonly orders: number;
  readonly paid: string;
  readonly projected: { readonly orders: number; readonly paid: string };
  readonly isEqual: boolean;
}

const COMPARE = `
select u.name, o.orders, o.paid, coalesce(b.orders, 0) as projected_orders, coalesce(b.paid, 0.00) as projected_paid,
       o.orders = coalesce(b.orders, 0) and o.paid = coalesce(b.paid, 0) as is_equal
  from users u
 cross join lateral (
   select count(distinct o.id)::int as orders, coalesce(sum(p.amount), 0.00) as paid
     from "Order" o left join "Payment" p on p."orderId" = o.id where o."userId" = u.id) o
  left join "Balance" b on b."userId" = u.id
 order by u.id`;

/** Compares the projection `Balance`, which a subscriber keeps, with the orders and payments themselves. */
export async function compareBalances(pool: Pool): Promise<readonly BalanceComparison[]> {
  const { rows } = await pool.query(COMPARE);
  return rows.map((row) => ({
    name: row.name,
    orders: row.orders,
    paid: row.paid,
    projected: { orders: row.projected_orders, paid: row.projected_paid },
    isEqual: row.is_equal,
  }));
}
