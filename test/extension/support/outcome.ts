import { isDecimal } from "../../../src/codec/decimal.js";

/** What a call came to: all of its result or all of its error, ready to be compared and read. */
export async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    const result = await call();
    return { result: describeValue(result), json: asJson(result) };
  } catch (error) {
    return { error: describeError(error) };
  }
}

function asJson(value: unknown): string | undefined {
  return JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item));
}

/** A value with its types, prototypes and the order of its keys. */
function describeValue(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value === undefined) return "undefined";
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return `Date ${value.toISOString()}`;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name} ${Buffer.from(value.buffer).toString("hex")}`;
  if (isDecimal(value)) return `Decimal ${value.toFixed()}`;
  if (Array.isArray(value)) return value.map(describeValue);
  return Object.entries(value).map(([key, item]) => [key, describeValue(item)]);
}

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return describeValue(error);
  const { code, meta, clientVersion, batchRequestIdx } = error as Error & Record<string, unknown>;
  return {
    class: error.constructor.name,
    name: error.name,
    message: error.message,
    keys: Object.keys(error),
    code,
    clientVersion,
    batchRequestIdx,
    meta: withoutStacks(meta),
  };
}

function withoutStacks(value: unknown): unknown {
  if (value instanceof Error) {
    return { class: value.constructor.name, message: value.message, cause: withoutStacks(value.cause) };
  }
  return describeValue(value);
}
