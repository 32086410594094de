/**
 * Another transaction wrote a row between our reading and our writing, so that its old values are not known. The same
 * transaction may succeed when it is run again.
 */
export class LostRace {}
