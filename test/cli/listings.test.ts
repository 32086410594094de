import { describe, expect, it } from "vitest";
import { drain } from "../../src/testing/drain.js";
import { subscribe } from "../../src/testing/subscribe.js";
import { eventually } from "../support/eventually.js";
import { workerFixture } from "../worker/worker-fixture.js";
import { buildCli } from "./built-cli.js";
import { writeApp } from "./written-app.js";

const { url, pool, subscriber, publish } = await workerFixture();
const cli = await buildCli();
const cwd = writeApp({ "ex-event-bus.config.mjs": "export default { prisma: {}, subscribers: [] }" });

const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await cli(args, { cwd, env: { DATABASE_URL: url } }).result();
  return {
    code,
    stderr,
    text: stdout.replace(/[\da-f]{8}-[\da-f-]{27}/g, "UUID").replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"),
  };
};
const at = (position: number) => String(position).padStart("position".length);
const json = async (...args: string[]) => JSON.parse((await run(...args, "--json")).text);

describe("listings", () => {
  it("show an event that cannot be read, with its error", async () => {
    await publish(2);
    const hints = '\'{"aggregate": {"n": "bytes"}}\'';
    await pool.query(`update event_bus.events set types = ${hints} where aggregate_key = '1'`);
    const message =
      "Ping.aggregate.n is 1, but its type hint says bytes. Correct the publisher's type hints.";
    const { code, text } = await run("events");
    expect(code).toBe(0);
    expect(text.split("\n").slice(0, 3)).toEqual([
      expect.stringMatching(/id +error$/),
      expect.stringMatching(new RegExp(`${message}$`)),
      expect.stringMatching(/UUID$/),
    ]);
    const error = { code: "VALUE_NOT_READABLE", message };
    const [unreadable, good] = await json("events");
    expect(unreadable).toMatchObject({ aggregate: { n: 1 }, error });
    expect(good).not.toHaveProperty("error");
    expect(await json("show", String(unreadable.position))).toMatchObject({ event: { error } });
    expect((await run("show", String(unreadable.position))).text).toContain(`error       ${message}`);
  });

  it.each(["infinity", "-infinity", "294276-12-31"])("show an event that occurred at %s", async (moment) => {
    await publish(2);
    await pool.query("update event_bus.events set occurred_at = $1 where aggregate_key = '1'", [moment]);
    const [odd, good] = await json("events");
    expect([odd.occurredAt, good.occurredAt]).toEqual([null, "TIME"]);
    const { text } = await run("events");
    expect(text.match(/out of range|TIME/g)).toEqual(["out of range", "TIME"]);
    expect((await run("show", String(odd.position))).text).toContain("occurred    out of range");
  });

  it("show what there is, for people and as JSON", async () => {
    const fails = subscriber("fails", () => Promise.reject(new Error("no\nmail server")), {
      retry: { maxAttempts: 1 },
    });
    const subscribers = [fails, subscriber("succeeds", () => undefined)];
    await subscribe({ client: pool, subscribers });
    await publish(2);
    await drain({ client: pool, subscribers });
    const [{ position }] = (await pool.query("select min(position)::int as position from event_bus.events"))
      .rows;

    expect(await run("events")).toEqual({
      code: 0,
      stderr: "",
      text: [
        "position  occurred                  event  operation  aggregate  id",
        `${at(position)}  TIME  Ping   publish    1          UUID`,
        `${at(position + 1)}  TIME  Ping   publish    2          UUID`,
        "",
      ].join("\n"),
    });
    expect(await json("events", "--aggregate-key", "2")).toMatchObject([
      { name: "Ping", aggregate: { n: 2 }, aggregateKey: "2" },
    ]);
    expect(await json("events", "--limit", "1")).toMatchObject([{ aggregateKey: "2" }]);
    // Later, while transactions of other databases run on the server.
    await eventually(async () => {
      expect(await json("events", "--limit", "1", "--after", String(position - 1))).toMatchObject([
        { aggregateKey: "1" },
      ]);
    });

    await pool.query(
      "update event_bus.events set occurred_at = now() - interval '3 hours' where position = $1",
      [position],
    );
    expect(await json("events", "--until", "2h")).toMatchObject([{ aggregateKey: "1" }]);
    expect(await json("events", "--since", "2h")).toMatchObject([{ aggregateKey: "2" }]);
    expect(await json("events", "--since", "4h", "--until", "1m")).toMatchObject([{ aggregateKey: "1" }]);
    expect((await run("events", "--since", "yesterday")).stderr).toContain(
      "Expected an existing time such as 2026-11-23",
    );

    expect(await json("show", String(position + 1))).toMatchObject({
      event: { position: position + 1, aggregateKey: "2" },
      deliveries: [
        { subscriber: "fails", state: "dead" },
        { subscriber: "succeeds", state: "delivered" },
      ],
    });
    expect((await run("show", String(position + 1))).text).toContain("Ping UUID\n  position ");

    const listed = await run("deliveries", "--subscriber", "succeeds");
    expect(listed.text).toBe(
      [
        "position  event  aggregate  event id                              subscriber  state      attempts  due or finished           last error or reason",
        `${at(position)}  Ping   1          UUID  succeeds    delivered         1  TIME`,
        `${at(position + 1)}  Ping   2          UUID  succeeds    delivered         1  TIME`,
        "",
      ].join("\n"),
    );
    const dead = await run("deliveries", "--state", "dead");
    expect(dead.text).toContain("fails       dead          1  TIME  Error: no mail server");
    expect(await json("deliveries", "--aggregate-key", "1")).toMatchObject([
      { subscriber: "fails", aggregateType: null, aggregateKey: "1" },
      { subscriber: "succeeds", aggregateKey: "1" },
    ]);
    for (const command of ["events", "deliveries", "redrive"])
      expect((await run(command, "--aggregate-type", "User")).stderr).toContain(
        'The database knows no aggregate type "User": there are none',
      );
    expect(await json("deliveries", "--subscriber", "fails", "--limit", "1")).toMatchObject([
      {
        subscriber: "fails",
        state: "dead",
        errors: [{ attempt: 1, message: "no\nmail server", stack: expect.any(String) }],
      },
    ]);

    expect((await run("subscribers", "Ping")).text).toBe(
      "subscriber  application  paused\nfails       default\nsucceeds    default\n",
    );
    expect(await json("status")).toMatchObject({
      subscribers: [
        { subscriber: "fails", dead: 2, waiting: 0 },
        { subscriber: "succeeds", dead: 0, waiting: 0 },
      ],
      workers: [],
    });
    expect((await run("unsubscribe", "fails", "Ping")).text).toBe(
      '"fails" does not receive Ping any more.\n',
    );
    expect(await run("unsubscribe", "fails")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('error: "fails" does not subscribe to any event.'),
    });
    expect(await json("unsubscribe", "succeeds")).toEqual({ subscriber: "succeeds", events: ["Ping"] });
    expect((await run("subscribers", "Ping")).text).toBe('"Ping" has no subscribers.\n');
    for (const args of [
      ["subscribers", "Pign"],
      ["unsubscribe", "succeeds", "Pign"],
    ])
      expect(await run(...args)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('The database knows no event "Pign": did you mean "Ping"?'),
      });
    expect((await run("unsubscribe", "suceeds")).stderr).toContain(
      'The database knows no subscriber "suceeds": did you mean "succeeds"?',
    );
  });

  it("say what is wrong with the arguments", async () => {
    expect(await run("events", "--limit", "many")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Expected a whole number, 0 or more."),
    });
    for (const command of ["deliveries", "dead"])
      expect(await run(command, "--limit", "0")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("Expected a whole number, 1 or more."),
      });
    expect(await run("events", "--limit", "0")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--limit 0 shows nothing: expected 1 or more"),
    });
    expect(await run("deliveries", "--state", "broken")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        "Allowed choices are waiting, retrying, snoozed, paused, delivered, cancelled, dead.",
      ),
    });
    expect(await run("statsu")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("(Did you mean status?)"),
    });
  });

  it.each([
    [["prune", "--verbos"], 'error: unknown option "--verbos": did you mean "--verbose"?'],
    [["--verbos", "status"], 'error: unknown option "--verbos": did you mean "--verbose"?'],
    [["status", "-verbose"], 'error: unknown option "-verbose": did you mean "--verbose"?'],
    [["events", "--limt=5"], 'error: unknown option "--limt": did you mean "--limit"?'],
    [["dead", "list", "--evnet", "x"], 'error: unknown option "--evnet": did you mean "--event"?'],
    [["show", "-j", "7"], 'error: unknown option "-j": did you mean "--json"?'],
    [["status", "-v"], 'error: unknown option "-v": expected one of "--version", "--verbose"'],
    [
      ["status", "--quietly"],
      'error: unknown option "--quietly": expected one of "--watch", "--json", "--help", "--version", "--config", "--log", "--verbose"',
    ],
  ])("name the option that was meant: %j", async (args, message) => {
    expect(await run(...args)).toEqual({
      code: 1,
      text: "",
      stderr: `${message}\n(see --help)\n`,
    });
  });
});
