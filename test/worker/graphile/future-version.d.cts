/** Undoes what loading the module has changed. */
export function restore(): void;
