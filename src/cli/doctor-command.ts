import { Command } from "commander";
import pc from "picocolors";

import { type Diagnosis, doctor } from "../admin/doctor.js";
import type { Finding } from "../admin/finding.js";
import { isEventBusError } from "../errors.js";
import { KNOWN_VERSIONS } from "../log/known-versions.js";
import type { SchemaNames } from "../outbox/schema-names.js";
import { type CapturedModel, NEVER_SEEN } from "../registry/captured-model.js";
import { loadSubscribers } from "../registry/define-config.js";
import type { CliOptions } from "./cli-options.js";
import { printJson, tableFor } from "./print-rows.js";
import { runAction } from "./run-action.js";
import { print } from "./standard-output.js";
import { withDatabase } from "./with-database.js";

/** `ex-event-bus doctor`: prints what is wrong, and what is captured. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check configuration, database and workers, and list what is captured and what is not")
    .option("--json", "print as JSON")
    .action(
      runAction<{ readonly json?: boolean }>(async (options) => {
        const found = await diagnose(options).catch(asFinding);
        if (options.json === true) printJson(found);
        else print(`${pageOf(found)}\n`);
        if (found.findings.some(({ level }) => level === "problem")) process.exitCode = 1;
      }),
    );
}

function diagnose(options: CliOptions): Promise<Diagnosis> {
  return withDatabase(options, async (client, names, config) => {
    const { prisma, application } = config;
    const subscribers = await loadSubscribers(config);
    const { findings, models } = await doctor(client, { database: names, prisma, application, subscribers });
    return { findings: [...findings, ...(await unknownToUs(names))], models };
  });
}

/** Statements of the installed graphile-worker that this package does not know. The database alone does not show them. */
async function unknownToUs(names: SchemaNames): Promise<readonly Finding[]> {
  // Loaded here, so that the other commands need not wait for graphile-worker.
  const { unknownStatements } = await import("../worker/graphile/record-statements.js");
  return (await unknownStatements(names)).map((statement) => ({
    level: "warning",
    check: "workers",
    message:
      `The installed graphile-worker ${statement}s jobs by a statement that this version of ex-event-bus does not know: it still makes ` +
      `deliveries, with one more statement for each. It knows the statements of ${KNOWN_VERSIONS.join(" and ")}.`,
  }));
}

/** An error that ends the diagnosis is its finding. */
function asFinding(error: unknown): Diagnosis {
  if (!isEventBusError(error)) throw error;
  const check = /^(DATABASE|SCHEMA|PERMISSION)_/.test(error.code) ? "database" : "configuration";
  return { findings: [{ level: "problem", check, message: error.message }], models: null };
}

function pageOf({ findings, models }: Diagnosis): string {
  const lines = findings.map(({ level, message }) =>
    level === "problem" ? `${pc.red("problem")}  ${message}` : `${pc.yellow("warning")}  ${message}`,
  );
  return [
    ...(lines.length === 0 ? [pc.green("No problem was found.")] : lines),
    ...(models === null ? [] : ["", tableFor(models.map(rowOf)), "", `Never seen: ${NEVER_SEEN}.`]),
  ].join("\n");
}

function rowOf(model: CapturedModel) {
  const hidden = [...model.omitted.map((name) => `-${name}`), ...model.masked.map((name) => `~${name}`)];
  return {
    model: model.model,
    create: model.create.join(", "),
    update: model.update.join(", "),
    delete: model.delete.join(", "),
    "omitted (-), masked (~)": hidden.join(", "),
    "not captured": model.notCaptured.join("; "),
  };
}
