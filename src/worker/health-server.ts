import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { EventBusError } from "../errors.js";
import type { HealthState } from "./health-state.js";

/** Answers the health checks of orchestrators. */
export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** The address on which {@link serveHealth} listens. */
export interface HealthAddress {
  readonly port: number;
  readonly host: string;
}

/**
 * Answers `GET /live` and `GET /ready` with JSON, and with the status 200 or 503. A process whose event loop is blocked
 * does not answer, as it should be.
 *
 * @throws EventBusError `INVALID_OPTION` if the server cannot listen on the address.
 */
export async function serveHealth({ port, host }: HealthAddress, health: HealthState): Promise<HealthServer> {
  const server = createServer(({ method, url }, response) => {
    const [path] = (url ?? "/").split("?");
    if (method !== "GET" && method !== "HEAD") return answer(response, 405, { error: "only GET" });
    if (path === "/live") {
      const { isLive, ...live } = health.live();
      return answer(response, isLive ? 200 : 503, { status: isLive ? "live" : "not live", ...live });
    }
    if (path === "/ready") {
      const { isReady, ...ready } = health.ready();
      return answer(response, isReady ? 200 : 503, { status: isReady ? "ready" : "not ready", ...ready });
    }
    return answer(response, 404, { error: "expected /live or /ready" });
  });
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EventBusError(
      "INVALID_OPTION",
      `healthPort in runWorker() is ${port}, which cannot be listened on at ${host} (healthHost): ${reason}. Expected a ` +
        "free port that this user may open, and an address of this machine.",
      { value: port, path: "healthPort", cause },
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, "close");
      server.close();
      // Health checks keep their connections open.
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(`${JSON.stringify(body)}\n`);
}
