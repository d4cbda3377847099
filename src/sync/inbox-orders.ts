import { execute, sql, type Tx } from "../db/sql.ts";

export type ToldOrder = { readonly inboxId: number; readonly orderRef: string };

/** Keeps which orders deliveries told of: the way back from an order to what came in about it. */
export const noteToldOrders = async (tx: Tx, accountId: string, told: readonly ToldOrder[]): Promise<void> => {
  if (told.length === 0) return;
  await execute(
    tx,
    sql`
      insert into inbox_order (account_id, order_ref, inbox_id)
      select distinct ${accountId}, "orderRef", "inboxId"
        from json_to_recordset(${JSON.stringify(told)}::json) as t ("orderRef" text, "inboxId" bigint)
      on conflict do nothing`,
  );
};
