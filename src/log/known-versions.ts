/** The versions of graphile-worker whose statements the package knows. They are here because log lines name them too. */
export const KNOWN_VERSIONS = ["0.17.3", "0.18.0"] as const;
