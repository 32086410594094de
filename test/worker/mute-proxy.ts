import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server that can go silent without a word, as a network that drops packets does. */
export interface MuteProxy {
  /** The URL of the server, through the proxy. */
  readonly url: string;
  /**
   * Drops everything on the connections that are open now, or only on those with these ports as the server sees them.
   * Returns how many that are.
   */
  mute(ports?: readonly number[]): number;
  /** Drops everything on the next connection on which this text is sent, from then on. Resolves when it does. */
  muteAt(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy before the server of `url`. */
export async function startMuteProxy(url: string): Promise<MuteProxy> {
  const target = new URL(url);
  const pairs = new Set<{ near: Socket; far: Socket; mute: boolean }>();
  let last: { readonly text: string; readonly onMute: () => void } | undefined;
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    const pair = { near, far, mute: false };
    pairs.add(pair);
    near.on("data", (data) => {
      if (last !== undefined && data.includes(last.text)) {
        pair.mute = true;
        last.onMute();
        last = undefined;
      }
      if (!pair.mute) far.write(data);
    });
    far.on("data", (data) => pair.mute || near.write(data));
    for (const socket of [near, far]) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        if (pair.mute) return;
        pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    mute(ports) {
      const chosen = [...pairs].filter(
        ({ far, mute }) => !mute && (ports?.includes(far.localPort ?? -1) ?? true),
      );
      for (const pair of chosen) pair.mute = true;
      return chosen.length;
    },
    muteAt: (text) => new Promise((resolve) => (last = { text, onMute: resolve })),
    async close() {
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
