#!/usr/bin/env node
import { Command, Option } from "commander";

import { VERSION } from "../outbox/package-version.js";
import { completionCommand } from "./completion-command.js";
import { deadCommand } from "./dead-command.js";
import { deliveriesCommand } from "./deliveries-command.js";
import { doctorCommand } from "./doctor-command.js";
import { eraseCommand } from "./erase-command.js";
import { eventsCommand } from "./events-command.js";
import { explainErrors } from "./explain-errors.js";
import { migrateCommand } from "./migrate-command.js";
import { watchOutput } from "./output-errors.js";
import { pauseCommand, resumeCommand } from "./pause-commands.js";
import { pruneCommand } from "./prune-command.js";
import { redriveCommand } from "./redrive-command.js";
import { showCommand } from "./show-command.js";
import { statusCommand } from "./status-command.js";
import { subscribersCommand } from "./subscribers-command.js";
import { unsubscribeCommand } from "./unsubscribe-command.js";
import { workerCommand } from "./worker-command.js";

const program = new Command("ex-event-bus")
  .description("Delivers the events of your Prisma + PostgreSQL application to their subscribers.")
  .version(VERSION)
  .option(
    "--config <file>",
    "the configuration (default: ex-event-bus.config.{ts,mts,js,mjs,cjs} in this folder)",
  )
  .addOption(
    new Option("--log <format>", "how to write lines (default: pretty on a terminal, else json)").choices([
      "pretty",
      "json",
    ]),
  )
  .option("--verbose", "write debugging lines, and the stacks of errors");

const commands = [
  workerCommand,
  migrateCommand,
  statusCommand,
  eventsCommand,
  showCommand,
  deliveriesCommand,
  deadCommand,
  redriveCommand,
  pauseCommand,
  resumeCommand,
  pruneCommand,
  eraseCommand,
  subscribersCommand,
  unsubscribeCommand,
  doctorCommand,
  completionCommand,
];
for (const create of commands) program.addCommand(create());
explainErrors(program);
watchOutput();
await program.parseAsync();
