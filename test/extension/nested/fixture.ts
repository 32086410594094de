import type { Pool } from "pg";

import type { Prisma } from "../../../prisma/generated/client/client.js";
import { eventBus } from "../../../src/index.js";
import { GroundTruth, modelsOf } from "../../support/ground-truth.js";
import { type OpenOptions, openClient } from "../support/clients.js";
import { rulesOf } from "../support/events.js";

/** Rules for all models of the part of the schema that has relations of every kind. */
export const capture = {
  Team: rulesOf("Team"),
  Member: rulesOf("Member"),
  Badge: rulesOf("Badge"),
  Project: rulesOf("Project"),
  Membership: rulesOf("Membership"),
  Task: rulesOf("Task"),
  Note: rulesOf("Note"),
  Tag: rulesOf("Tag"),
  Priority: rulesOf("Priority"),
  Ticket: rulesOf("Ticket"),
  Room: rulesOf("Room"),
  Desk: rulesOf("Desk"),
} as const;

export const events = Object.values(capture).flatMap((rules) => [rules.create, rules.update, rules.delete]);

/** A client that captures every model of {@link capture}. */
export function openTeams(url: string, options: OpenOptions = {}) {
  return openClient(url, options).$extends(eventBus({ events, capture }));
}

export type TeamsClient = ReturnType<typeof openTeams>;

/** A client, with or without the extension, or that of a transaction. */
export type Db = Pick<TeamsClient, Uncapitalize<keyof typeof capture>>;

/** Records what happens to the tables of a client. */
export async function groundTruth(pool: Pool, client: object): Promise<GroundTruth> {
  return GroundTruth.install(pool, modelsOf(client));
}

const uuid = (n: number) => `0190a000-0000-7000-8000-00000000000${n}`;
export const [p1, p2, p3] = [uuid(1), uuid(2), uuid(3)] as const;

/** Two teams with all that hangs on them. */
export async function seed(base: ReturnType<typeof openClient>): Promise<void> {
  await base.priority.createMany({ data: [0, 1, 2].map((id) => ({ id, name: `p${id}` })) });
  await base.tag.createMany({ data: ["red", "green", "blue"].map((label) => ({ label })) });
  await base.room.createMany({
    data: [1, 2].map((number) => ({ building: "north", number })) satisfies Prisma.RoomCreateManyInput[],
  });
  await base.team.createMany({
    data: [
      { slug: "one", name: "One" },
      { slug: "two", name: "Two" },
    ],
  });
  await base.member.createMany({
    data: [
      { handle: "ann", teamId: 1 },
      { handle: "bob", teamId: 1, managerId: 1 },
      { handle: "cy", teamId: 2, managerId: 1 },
      { handle: "dee" },
    ],
  });
  await base.badge.createMany({
    data: [{ code: "a", memberId: 1 }, { code: "b", memberId: 2 }, { code: "c" }],
  });
  await base.desk.createMany({
    data: [{ building: "north", number: 1, memberId: 1 }, { building: "north", number: 2 }, {}],
  });
  await base.project.createMany({
    data: [
      { id: p1, name: "P1", teamId: 1 },
      { id: p2, name: "P2", teamId: 1 },
      { id: p3, name: "P3", teamId: 2 },
    ],
  });
  await base.membership.createMany({
    data: [
      { memberId: 1, projectId: p1, role: "lead" },
      { memberId: 2, projectId: p1 },
      { memberId: 1, projectId: p2 },
    ],
  });
  await base.task.createMany({
    data: [
      { title: "t1", projectId: p1, assigneeId: 1, reviewerId: 2, priorityId: 1 },
      { title: "t2", projectId: p1, assigneeId: 1, priorityId: 1 },
      { title: "t3", projectId: p2, assigneeId: 2, reviewerId: 1, priorityId: 2 },
      { title: "t4", projectId: p3 },
    ],
  });
  await base.note.createMany({
    data: [1, 1, 2, 3].map((taskId, n) => ({ text: `n${n + 1}`, taskId })),
  });
  await base.ticket.createMany({
    data: [
      { title: "k1", teamSlug: "one" },
      { title: "k2", teamSlug: "one" },
      { title: "k3", teamSlug: "two" },
    ],
  });
  await base.task.update({ where: { id: 1 }, data: { tags: { connect: [{ id: 1 }, { id: 2 }] } } });
  await base.task.update({ where: { id: 2 }, data: { tags: { connect: { id: 2 } } } });
  await base.member.update({ where: { id: 1 }, data: { friends: { connect: [{ id: 2 }, { id: 3 }] } } });
}
