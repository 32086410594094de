import { Command } from "commander";

import { assertCompatibleClient } from "../delivery/compatible-client.js";
import { outputOf } from "./cli-options.js";
import { loadConfig } from "./load-config.js";
import { goOnWithoutOutput } from "./output-errors.js";
import { parsePort } from "./parse-number.js";
import { runAction } from "./run-action.js";
import { onLeftBehind, onSignals } from "./signals.js";

interface WorkerOptions {
  readonly healthPort?: number;
  readonly healthHost?: string;
}

/** `ex-event-bus worker`: makes deliveries until it is told to stop. */
export function workerCommand(): Command {
  return new Command("worker")
    .description("make deliveries, until SIGTERM or SIGINT; a second one ends it at once")
    .option("--health-port <port>", "answer GET /live and GET /ready on this port", parsePort)
    .option(
      "--health-host <host>",
      "the address of that port; 0.0.0.0 for all addresses (default: 127.0.0.1)",
    )
    .action(
      runAction<WorkerOptions>(async ({ healthPort, healthHost, ...options }) => {
        goOnWithoutOutput();
        let stop: (() => Promise<void>) | undefined;
        // Before anything else: process 1 of a container ignores signals without a handler, also while the configuration loads.
        onSignals(() => stop?.());
        onLeftBehind(() => (stop === undefined ? process.exit(1) : void stop()));
        const output = outputOf(options);
        // A rejected promise that a handler forgot must not end the worker.
        process.on("unhandledRejection", (error) => {
          output.log.error("A rejected promise was not handled: await it in your handler.", {
            error,
          });
        });
        const config = await loadConfig(options.config);
        await assertCompatibleClient(config.prisma);
        // Loaded here, so that the other commands need not wait for graphile-worker.
        const { runWorker } = await import("../worker/run-worker.js");
        const worker = await runWorker({ ...config, ...output, healthPort, healthHost });
        stop = worker.stop;
        await worker.finished;
      }),
    );
}
