import { claim } from "./0001-init/claim.js";
import { publish } from "./0001-init/publish.js";
import { settle } from "./0001-init/settle.js";
import { subscribe } from "./0001-init/subscribe.js";
import { tables } from "./0001-init/tables.js";

/**
 * Tables, publishing, settling, claiming, subscribing. `:BUS` and `:WORKER` stand for the escaped names of the two schemas,
 * `:BUS_TEXT` and `:WORKER_TEXT` for the same as texts.
 */
export const init = /* sql */ `${tables}${publish}${settle}${claim}${subscribe}
revoke all on function :BUS.claim(bigint, integer, integer, text, integer, integer, integer) from public;
revoke all on function :BUS.enqueue(:BUS.wakeup[]) from public;
revoke all on function :BUS.publish(jsonb, integer) from public;
revoke all on function :BUS.publish(text, jsonb, text, text, jsonb, jsonb, jsonb, jsonb, integer, uuid) from public;
revoke all on function :BUS.settle(jsonb) from public;
revoke all on function :BUS.subscribe(text, text, jsonb) from public;
`;
