/** The version of the package, which the command line, the rows of workers and the plugin show; a test compares it with package.json. */
export const VERSION = "0.1.0";
