import type { FaultRun } from "./run-faults.js";

type Size = Omit<FaultRun, "seed" | "onProgress">;

/** For every run of the tests: each fault at least once. */
export const SHORT: Size = {
  events: 1_000,
  callsPerSecond: 40,
  pauseMs: [200, 1_800],
  patienceMs: 240_000,
  faults: {
    "worker killed": 6,
    "worker stopped for longer than it may be silent": 1,
    "all workers replaced, one after the other": 1,
    "connections terminated": 3,
    "database restarted (fast)": 1,
    "database restarted (immediate)": 1,
    "sockets half-open": 2,
    "connections used up": 1,
    "writes refused": 1,
  },
};

/** For `npm run test:faults`. */
export const MEDIUM: Size = {
  ...SHORT,
  events: 5_000,
  callsPerSecond: 60,
  patienceMs: 300_000,
  faults: {
    "worker killed": 25,
    "worker stopped for longer than it may be silent": 4,
    "all workers replaced, one after the other": 3,
    "connections terminated": 12,
    "database restarted (fast)": 3,
    "database restarted (immediate)": 3,
    "sockets half-open": 5,
    "connections used up": 3,
    "writes refused": 3,
  },
};

/** For `npm run test:faults -- --calm`: one fault after the other, and workers that keep up, to see how soon they go on. */
export const CALM: Size = { ...MEDIUM, events: 1_500, callsPerSecond: 5, pauseMs: [3_000, 5_000] };

/** For `npm run test:faults -- --long`. */
export const LONG: Size = {
  ...MEDIUM,
  events: 100_000,
  callsPerSecond: 80,
  pauseMs: [1_000, 4_000],
  patienceMs: 300_000,
  faults: {
    "worker killed": 200,
    "worker stopped for longer than it may be silent": 20,
    "all workers replaced, one after the other": 10,
    "connections terminated": 60,
    "database restarted (fast)": 12,
    "database restarted (immediate)": 10,
    "sockets half-open": 20,
    "connections used up": 10,
    "writes refused": 10,
  },
};
