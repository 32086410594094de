import { describe, expect, it } from "vitest";

import { defineConfig } from "../../src/registry/define-config.js";
import { databaseUrl, describeDatabase, unreachable } from "../../src/worker/database-url.js";

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
    ["self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT", "answers with a certificate that", "Name the"],
    [
      "unable to get local issuer certificate",
      "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "answers with a c",
      "Name",
    ],
    ["certificate has expired", "CERT_HAS_EXPIRED", "answers with a certificate that is not trusted", "Name"],
    [
      "Hostname/IP does not match",
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "answers with a certificate",
      "Name the file",
    ],
    ["The server does not support SSL connections", undefined, "does not encrypt connections", "Set ssl of"],
  ])("says of %s what it is and what to do", (message, code, found, toDo) => {
    const text = of(message, code);
    expect(text).toContain(`The database "shop" at db:6432 ${found}`);
    expect(text).toContain(`: ${message}. ${toDo}`);
    expect(text).not.toContain("secret");
  });
});

describe("describeDatabase", () => {
  it.each([
    ["postgresql://ann:secret@db:6432/shop", 'the database "shop" at db:6432'],
    ["postgres://ann:secret@db/my%20shop?sslmode=disable", 'the database "my shop" at db:5432'],
    ["postgresql://ann:secret@/shop?host=/var/run/postgresql", "the database of the given connection string"],
    ["postgresql:///shop?host=/var/run/postgresql", 'the database "shop" at /var/run/postgresql:5432'],
  ])("names of %s host, port and database, and nobody's name or password", (url, text) => {
    expect(describeDatabase(url)).toBe(text);
  });
});

describe("databaseUrl", () => {
  const config = (url: string) => defineConfig({ prisma: {} as never, subscribers: [], database: { url } });

  it.each([
    "postgresql://ann:secret@localhost:5432/shop",
    "postgres://ann@%2Fvar%2Frun%2Fpostgresql/shop?sslmode=disable",
    "postgresql://localhost/shop?host=/var/run/postgresql",
  ])("takes %s", (url) => {
    expect(databaseUrl(config(url))).toBe(url);
  });

  it("says what to do about a password with characters that end a URL, and does not show it", () => {
    const refused = () => databaseUrl(config("postgresql://ann:se/cr#et@localhost:5432/shop"));
    expect(refused).toThrow(/no valid URL.*percent-encoded/s);
    expect(refused).not.toThrow(/se\/cr/);
  });
});
