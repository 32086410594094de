import type { InternalClient, InternalParams, LazyPromise, TransactionHandle } from "./internals.js";

const tappable = new WeakMap<InternalClient, Promise<boolean>>();

/**
 * Whether Prisma still maps the arguments and unpacks the answer by the functions in a query's parameters. Asked with
 * a statement, once for each client, and only when there is doubt.
 */
export function canTap(root: InternalClient, transaction: TransactionHandle): Promise<boolean> {
  const known = tappable.get(root) ?? tryTap(root, transaction);
  tappable.set(root, known);
  known.catch(() => tappable.delete(root));
  return known;
}

async function tryTap(root: InternalClient, transaction: TransactionHandle): Promise<boolean> {
  const steps: string[] = [];
  const tapping = root.$extends({
    query: {
      $queryRawUnsafe: (call: {
        readonly args: unknown;
        readonly query: (args: unknown, params: InternalParams) => LazyPromise;
        readonly __internalParams: InternalParams;
      }) => {
        const { argsMapper } = call.__internalParams as { readonly argsMapper?: (args: unknown) => unknown };
        return call.query(call.args, {
          ...call.__internalParams,
          argsMapper: (args: unknown) => {
            steps.push("map");
            return argsMapper?.(args) ?? args;
          },
          unpacker: (answer: unknown) => {
            steps.push("unpack");
            return answer;
          },
        });
      },
    },
  }) as InternalClient;
  await tapping.$queryRawUnsafe("select 1").requestTransaction(transaction);
  return steps.join() === "map,unpack";
}
