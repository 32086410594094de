import { startPostgres } from "../../src/testing/postgres.js";

// Starts a server and does not stop it.
const { url, dataDir } = await startPostgres();
process.stdout.write(JSON.stringify({ url, dataDir }), () => {
  if (process.argv[2] === "SIGKILL") process.kill(process.pid, "SIGKILL");
});
