export { type InstrumentOptions, instrument } from "./otel/instrument.js";
export type { Relation } from "./otel/spans.js";
