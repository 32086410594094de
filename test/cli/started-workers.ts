import { workerFixture } from "../worker/worker-fixture.js";
import { buildCli } from "./built-cli.js";

/** A database, and the command `worker` as processes whose handler does as the environment variable `HANDLER` says. */
export async function startedWorkers() {
  const fixture = await workerFixture();
  const cli = await buildCli();
  /** Starts one, and waits until it is ready. */
  const runWorker = async (env: Readonly<Record<string, string>> = {}, args: readonly string[] = []) => {
    const worker = cli(["worker", ...args], { env: { DATABASE_URL: fixture.url, ...env } });
    await worker.line({ message: "The worker is ready." });
    return worker;
  };
  return { ...fixture, cli, runWorker };
}
