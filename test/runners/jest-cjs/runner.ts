// The globals, with the types of @types/jest.
const own = { afterAll, beforeAll, describe, expect, it };

export = own;
