import { describe, expect, it } from "vitest";

import { ADDS_JOBS, findAll, functionsOf, WRITES_DELIVERIES } from "./sql-rules.js";

const script = `
create table :BUS.deliveries ();
create function :BUS.one() returns void language sql as $$
  insert   into :BUS.deliveries default values; update :BUS.deliveries d set state = 'dead'
$$;
-- insert into :BUS.deliveries: not in a comment
create or replace function :BUS.two("position" bigint) returns void language plpgsql as $$
begin
  delete from :BUS.delivered;
  perform :WORKER.add_jobs(specs => own);
  execute format('select %I.add_job(identifier => i)', x);
  perform :BUS.add_jobs_quietly(own);
end $$;
revoke all on all functions in schema :BUS from public;
`;

describe("functionsOf", () => {
  it("finds each function of a script with its body", () => {
    const functions = functionsOf(script);
    expect(functions.map(({ where }) => where)).toEqual(["one", "two"]);
    expect(functions[0]?.text).toMatch(/'dead'/);
    expect(functions[1]?.text).not.toMatch(/revoke|comment/);
  });
});

describe("findAll", () => {
  it("finds what writes deliveries", () => {
    expect(findAll(functionsOf(script), WRITES_DELIVERIES)).toEqual([
      "one: insert into deliveries",
      "one: update deliveries",
      "two: delete from delivered",
    ]);
  });

  it("finds what adds jobs", () => {
    expect(findAll(functionsOf(script), ADDS_JOBS)).toEqual(["two: add_job", "two: add_jobs"]);
  });
});
