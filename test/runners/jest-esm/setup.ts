import "ex-event-bus/jest";
import { testDatabase } from "ex-event-bus/testing/postgres";

const { url } = await testDatabase();
process.env["DATABASE_URL"] = url;
