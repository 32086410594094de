import { eventBus } from "../../src/index.js";
import { eventsFor } from "../../src/registry/define-event.js";
import type { AnyEventType } from "../../src/registry/event-type.js";
import { closeLater, openAdapter } from "../extension/support/clients.js";

/** That of a transaction. */
export interface AnyTransaction {
  $queryRawUnsafe(sql: string): Promise<unknown>;
}

/** A client of a schema that the types of this project do not know. */
export interface AnyClient {
  $disconnect(): Promise<void>;
  $extends(extension: unknown): AnyClient;
  $transaction<T>(work: (tx: AnyTransaction) => Promise<T>): Promise<T>;
}

/** A client of the schema that prisma/generate.mjs generates in the folder `name`. Disconnected after the test file. */
export async function openGenerated(name: string, url: string): Promise<AnyClient> {
  const file = new URL(`../../prisma/generated/${name}/client.ts`, import.meta.url).href;
  const { PrismaClient } = (await import(/* @vite-ignore */ file)) as {
    readonly PrismaClient: new (options: object) => AnyClient;
  };
  return closeLater(new PrismaClient({ adapter: openAdapter(url) }));
}

/** The client with rules for every operation of these models. */
export function withRules(client: AnyClient, models: readonly string[]): AnyClient {
  const { defineEvent } = eventsFor();
  const define = (name: string, model: string): AnyEventType =>
    defineEvent(name, { model } as never) as AnyEventType;
  const rules = models.map((model) => [
    model,
    {
      create: define(`${model}Created`, model),
      update: define(`${model}Updated`, model),
      delete: define(`${model}Deleted`, model),
    },
  ]);
  const capture = Object.fromEntries(rules) as Record<string, Record<string, AnyEventType>>;
  const events = Object.values(capture).flatMap((ofModel) => Object.values(ofModel));
  return client.$extends(eventBus({ events, capture } as never));
}
