import { describe, expect, it } from "vitest";

import { unreachable } from "../../src/worker/database-url.js";

describe("unreachable", () => {
  const of = (message: string, code?: string) =>
    unreachable("postgresql://ann:secret@db:6432/shop", Object.assign(new Error(message), { code })).message;

  it.each([
    [
      'password authentication failed for user "ann"',
      "28P01",
      "refuses the login",
      "Check the user and the password in",
    ],
    ["no pg_hba.conf entry", "28000", "refuses the login", "Check the user and the password in"],
    [
      "SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string",
      undefined,
      "refuses the login",
      "Check the user",
    ],
    ['database "shop" does not exist', "3D000", "is not there", "Create it, or"],
    ["sorry, too many clients already", "53300", "takes no more connections", "Use fewer"],
    [
      "connect ECONNREFUSED",
      "ECONNREFUSED",
      "does not answer",
      "Check database.url or DATABASE_URL, and that the server runs.",
    ],
  ])("says of %s what it is and what to do", (message, code, found, toDo) => {
    const text = of(message, code);
    expect(text).toContain(`The database "shop" at db:6432 ${found}: ${message}. ${toDo}`);
    expect(text).not.toContain("secret");
  });
});
