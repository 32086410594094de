/**
 * The transaction has to run again: another transaction wrote a row between our reading and our writing, so that its
 * old values are not known.
 */
export class LostRace {}
