// Stands for the package's entry, which passes the interface on just so.
export type { Register } from "../../../src/registry/register.js";
