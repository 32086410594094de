import { describe, expect, it } from "vitest";

import { drain, subscribe } from "../../src/testing.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "../worker/worker-fixture.js";
import { buildCli } from "./built-cli.js";
import { writeApp } from "./written-app.js";

const { url, pool, subscriber, start, publish, deliveries, allIn } = await workerFixture();
const cli = await buildCli();
const cwd = writeApp({
  "ex-event-bus.config.mjs": `export default {
    prisma: {}, subscribers: [], retention: { default: false, events: { Ping: "1 day" } },
  }`,
});

const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await cli(args, { cwd, env: { DATABASE_URL: url } }).result();
  const plain = (text: string) =>
    text.replace(/[\da-f]{8}-[\da-f-]{27}/g, "UUID").replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
  return { code, stderr, text: plain(stdout), stdout };
};
const json = async (...args: string[]) => JSON.parse((await run(...args, "--json")).stdout);

const fails = subscriber(
  "send-mail",
  (event) => Promise.reject(new Error(`no mail server ${event.aggregate.n}`)),
  {
    retry: { maxAttempts: 1 },
  },
);
const other = subscriber("other", () => undefined);
const makeDead = async (count: number) => {
  await subscribe({ client: pool, subscribers: [fails, other] });
  const { events } = await publish(count);
  await drain({ client: pool, subscribers: [fails, other] });
  return events.map(({ id }) => id);
};
const states = async () => (await deliveries("send-mail")).map(({ state }) => state);

describe("dead", () => {
  it("lists, shows and discards", async () => {
    const [first = "", second = ""] = await makeDead(2);
    const [{ position: at }] = await json("dead", "list", "--event-id", first);
    const list = await run("dead");
    expect(list).toMatchObject({ code: 0, stderr: "" });
    expect(list.text).toBe(
      [
        "position  event  aggregate  event id                              subscriber  attempts  died                      last error",
        `${String(at).padStart(8)}  Ping   1          UUID  send-mail          1  TIME  Error: no mail server 1`,
        `${String(at + 1).padStart(8)}  Ping   2          UUID  send-mail          1  TIME  Error: no mail server 2`,
        "",
      ].join("\n"),
    );
    expect((await run("dead", "list", "--error", "SERVER 2")).stdout).toContain(second);
    expect(await json("dead", "list", "--event-id", first)).toMatchObject([
      { eventId: first, subscriber: "send-mail", state: "dead", errors: [{ message: "no mail server 1" }] },
    ]);
    expect((await run("dead", "--since", "2099-01-01")).text).toBe("There are no such dead deliveries.\n");

    const shown = (await run("dead", "show", first)).text;
    expect(shown).toContain("Ping UUID\n  position ");
    expect(shown).toContain(
      "\nsend-mail  dead  1 attempt  at TIME\n  attempt 1  TIME  drain\n    Error: no mail server 1\n        at ",
    );
    expect(shown).not.toContain("other");
    expect((await run("dead", "show", String(at))).text).toBe(shown);

    expect(await run("dead", "discard", "--event-id", first)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("required option '--reason <text>' not specified"),
    });
    expect(await run("dead", "discard", "--reason", "by hand")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        "Nothing says which dead deliveries to discard: expected --subscriber, ",
      ),
    });
    expect((await run("dead", "discard", "--event-id", first, "--reason", "by hand", "--dry-run")).text).toBe(
      "1 dead delivery fits; nothing was changed.\n",
    );
    expect((await run("dead", "discard", "--event-id", first, "--reason", "by hand")).text).toBe(
      "1 dead delivery is discarded.\n",
    );
    expect(await states()).toEqual(["cancelled", "dead"]);
    expect((await run("show", first)).text).toContain("send-mail  cancelled  1 attempt  at TIME  (by hand)");
    expect((await run("dead", "show", first)).text).toContain(
      `\n\nNone of its 2 deliveries is dead. See: npx ex-event-bus show ${at}\n`,
    );
  });
});

describe("redrive", () => {
  it("sends again what is asked for, and nothing when nothing is asked for", async () => {
    const [first = "", second = "", third = ""] = await makeDead(3);
    expect(await run("redrive")).toMatchObject({
      code: 1,
      text: "",
      stderr: expect.stringContaining(
        "Nothing says which dead deliveries to redrive: expected ids or positions of events, --subscriber, ",
      ),
    });
    expect(await run("redrive", "--all", "--error", "x")).toMatchObject({ code: 1 });
    expect((await run("redrive", "--all", "--dry-run")).text).toBe(
      "3 dead deliveries fit; nothing was changed.\n",
    );
    expect((await run("redrive", first, second)).text).toBe("2 dead deliveries are sent again.\n");
    expect(await states()).toEqual(["waiting", "waiting", "dead"]);
    const [{ position }] = await json("dead", "list", "--aggregate-key", "3");
    for (const which of [["--position", String(position)], [String(position)]])
      expect(await json("redrive", ...which, "--dry-run")).toEqual({ matched: 1, redriven: 0 });
    expect(await json("redrive", "--aggregate-key", "4", "--dry-run")).toEqual({ matched: 0, redriven: 0 });
    expect(await json("redrive", "--subscriber", "send-mail", "--since", "1h", "--event", "Ping")).toEqual({
      matched: 1,
      redriven: 1,
    });
    expect(await states()).toEqual(["waiting", "waiting", "waiting"]);
    expect((await json("show", third)).deliveries).toMatchObject([
      { subscriber: "other" },
      { subscriber: "send-mail", state: "waiting", attempts: 0, errors: [{ attempt: 1 }] },
    ]);
  });

  it("says which name was meant, and which time", async () => {
    await makeDead(1);
    expect(await run("redrive", "--subscriber", "send-mial")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'The database knows no subscriber "send-mial": did you mean "send-mail"?',
      ),
    });
    for (const command of ["events", "deliveries", "dead"]) {
      expect(await run(command, "--event", "Pign")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('The database knows no event "Pign": did you mean "Ping"?'),
      });
    }
    expect(await run("redrive", "--since", "yesterday")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Expected an existing time such as 2026-11-23,"),
    });
    expect(await run("redrive", "7x")).toMatchObject({ code: 1, stderr: expect.stringContaining("a UUID") });
    expect(await run("redrive", "987654321")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no event at position 987654321"),
    });
    expect(await run("dead", "--event-id", "00000000-0000-0000-0000-000000000000")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no event with the id"),
    });
    expect(await run("show", "00000000-0000-0000-0000-000000000000")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no event with the id"),
    });
    expect(await run("show", "987654321")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("There is no event at position 987654321"),
    });
    expect(await run("show", "Ping")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"Ping" is neither the id of an event, a UUID, nor its position'),
    });
  });
});

describe("pause and resume", () => {
  it("stop a subscriber in a running worker, and let it go on", async () => {
    await start([other]);
    expect((await run("pause", "other")).text).toBe('"other" is paused.\n');
    expect((await run("pause", "other")).text).toBe('"other" is paused already.\n');
    await publish(2);
    await allIn("paused", 2);
    expect(await json("status")).toMatchObject({
      subscribers: [
        { subscriber: "other", isPaused: true, paused: 2, waiting: 0, workers: 1, isOrphaned: false },
      ],
      workers: [{ subscribers: ["other"], running: 0, heartbeatAgeMs: expect.any(Number) }],
    });
    expect((await run("status")).text).toMatch(/^other .* paused$/m);
    expect((await run("resume", "other")).text).toBe('"other" is resumed; 2 deliveries were woken.\n');
    await allIn("delivered", 2);
    for (const command of ["pause", "resume"])
      expect(await run(command, "othre")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(
          'error: The database knows no subscriber "othre": did you mean "other"?',
        ),
      });
  });
});

describe("pause and resume --json", () => {
  it("say how the subscriber stands now, and whether that is new", async () => {
    await subscribe({ client: pool, subscribers: [other] });
    const paused = { subscriber: "other", isPaused: true };
    expect(await json("pause", "other")).toEqual({ ...paused, changed: true });
    expect(await json("pause", "other")).toEqual({ ...paused, changed: false });
    const goesOn = { subscriber: "other", isPaused: false, woken: 0 };
    expect(await json("resume", "other")).toEqual({ ...goesOn, changed: true });
    expect(await json("resume", "other")).toEqual({ ...goesOn, changed: false });
  });
});

describe("prune", () => {
  it("deletes what the configuration says, or what is older than that", async () => {
    await makeDead(1);
    await publish(2);
    await drain({ client: pool, subscribers: [other] });
    await pool.query(
      "update event_bus.deliveries set state = 'delivered' where position = (select max(position) from event_bus.events)",
    );
    await pool.query("update event_bus.events set occurred_at = occurred_at - interval '2 hours'");
    expect((await run("prune")).text).toBe("0 events are deleted.\n");
    expect(await run("prune", "--older-than", "1 week")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        "option '--older-than <age>' argument '1 week' is invalid. Expected an age such as 30s,",
      ),
    });
    await pool.query("update event_bus.events set occurred_at = occurred_at - interval '2 days'");
    await pool.query("update event_bus.deliveries set state = 'delivered' where state = 'dead'");
    expect((await run("prune", "--dry-run")).text).toBe("1 event would be deleted; nothing was changed.\n");
    expect(await json("prune")).toMatchObject({ events: 1 });
    expect(await json("prune", "--dry-run")).toMatchObject({ events: 0 });
  });
});

describe("erase", () => {
  it("erases what an aggregate's events say, when it is told twice", async () => {
    await makeDead(2);
    await pool.query("update event_bus.events set aggregate_type = 'Pong'");
    const before = await json("events");
    expect(await run("erase", "Pong", "1")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is no terminal to ask on: expected --yes, or --dry-run"),
    });
    expect(await run("erase", "Pogn", "1", "--yes")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no aggregate type "Pogn": did you mean "Pong"?'),
    });
    expect((await run("erase", "Pong", "1", "--dry-run")).text).toBe(
      "1 event of Pong 1 would be erased, 1 delivery cancelled; nothing was changed.\n",
    );
    expect(await json("events")).toEqual(before);
    expect(await json("erase", "Pong", "1", "--yes")).toEqual({ events: 1, cancelled: 1 });
    expect(await json("events")).toMatchObject([{ aggregate: null }, { aggregate: { n: 2 } }]);
    expect(await states()).toEqual(["cancelled", "dead"]);
    expect((await run("show", String(before[0].position))).text).toContain(
      "send-mail  cancelled  1 attempt  at TIME  (its event was erased)\n  1 error was erased\n",
    );
    expect(await json("erase", "Pong", "1", "--dry-run")).toEqual({ events: 0, cancelled: 0 });
  });

  it("takes several values for one key, and says so when no event has it", async () => {
    await publish(2);
    await pool.query("update event_bus.events set aggregate_type = 'Pong'");
    await pool.query(`update event_bus.events set aggregate_key = '["2","3"]' where aggregate_key = '2'`);
    for (const option of ["--yes", "--dry-run"])
      expect(await run("erase", "Pong", "1", "2", option)).toMatchObject({
        code: 1,
        text: "",
        stderr: expect.stringContaining(
          "No event of Pong has the key 1 2: several values form one compound key. Erase one aggregate at a time",
        ),
      });
    expect(await json("erase", "Pong", "2", "3", "--yes")).toEqual({ events: 1, cancelled: 0 });
    expect(await json("erase", "Pong", "2", "3", "--yes")).toEqual({ events: 0, cancelled: 0 });
    expect(await run("erase", "Pong", "9", "--yes")).toMatchObject({ code: 0 });
  });
});

it("a command whose connection ends while it runs says which database it was", async () => {
  const blocker = await pool.connect();
  try {
    await blocker.query("begin; lock table event_bus.migrations in access exclusive mode");
    const ended = run("status");
    const end = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'ex-event-bus cli' and wait_event_type = 'Lock'`;
    await eventually(async () => expect((await pool.query(end)).rowCount).toBe(1));
    const { code, stderr } = await ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /^error: The database ".+" at .+ does not answer: .+ \(DATABASE_UNREACHABLE\)\n/,
      ),
    });
  } finally {
    await blocker.query("rollback");
    blocker.release();
  }
});
