import { describe } from "vitest";

import { Prisma } from "../../../prisma/generated/client/client.js";
import { eventBus } from "../../../src/index.js";
import { sampleOf } from "../../support/amount.js";
import { openClient } from "../support/clients.js";
import { events, rules } from "../support/events.js";
import { allCalls } from "./all-calls.js";
import { comparesCalls } from "./compare.js";

// A global omit, extensions before and after ours, and computed fields that need what is not selected or omitted.
const openOmitting = (url: string) =>
  openClient(url, {
    client: {
      errorFormat: "minimal",
      omit: { user: { createdAt: true, email: true }, product: { price: true } },
    },
  });

const before = Prisma.defineExtension({
  name: "before",
  query: { $allModels: { $allOperations: ({ args, query }) => query(args) } },
  result: {
    user: {
      shown: { needs: { name: true, email: true }, compute: ({ name, email }) => `${name} <${email}>` },
      email: { needs: { email: true }, compute: ({ email }) => email.toUpperCase() },
    },
  },
});
const after = Prisma.defineExtension({
  name: "after",
  query: { $allModels: { $allOperations: ({ args, query }) => query(args) } },
  result: {
    user: { link: { needs: { id: true }, compute: ({ id }) => `/users/${id}` } },
    product: { label: { needs: { price: true }, compute: ({ price }) => `€ ${price}` } },
  },
});

describe("with a global omit and other extensions, the same with and without the extension:", async () => {
  await comparesCalls(
    {
      plain: (url) => openOmitting(url).$extends(before).$extends(after),
      extended: (url) =>
        openOmitting(url)
          .$extends(before)
          .$extends(eventBus({ events, capture: rules }))
          .$extends(after),
    },
    sampleOf(allCalls, 6),
  );
});
