import type { Edit } from "./changed-runtime.js";

/** The parameters of `_executeRequest`, and the names that the runtime gives them. */
const PARAMETERS =
  /async _executeRequest\((\{args:(\w+),[^}]*?argsMapper:(\w+),transaction:(\w+),unpacker:(\w+),[^}]*\})\)\{try\{/;
const HOOK = /__internalParams:t,query:\((\w),(\w)=t\)=>\{/;

/** What Prisma might change of what it does not document, as edits of its runtime. */
export const runtimeChanges: Readonly<Record<string, readonly Edit[]>> = {
  "ignores the unpacker": [[/return (\w)\?\1\((\w)\):\2\}get/, "return $2}get"]],
  "ignores the mapper of arguments": [[/try\{(\w)=(\w)\?\2\(\1\):\1;/, "try{"]],
  "reads the unpacker after it has mapped": [
    [
      /async _executeRequest\(\{(args:.*?)unpacker:(\w),(.*?)\}\)\{try\{(\w=\w\?\w\(\w\):\w;)/,
      "async _executeRequest(_0){let{$1$3}=_0,$2;try{$4$2=_0.unpacker;",
    ],
  ],
  "unpacks before it has read the answer": [
    [
      /=(\w\w)\((\w),(\w)\),(\w)=(\w)==="queryRaw"\?(.*?);return (\w)\?\7\(\4\):\4\}get/,
      '=$1($7?$7($2):$2,$3),$4=$5==="queryRaw"?$6;return $4}get',
    ],
  ],
  "does not await the lock": [[/\w\?\.kind==="batch"&&await \w\.lock,/, ""]],
  "awaits the lock after it has sent": [
    [
      /(\w\?\.kind==="batch"&&await \w\.lock),(this\._requestHandler\.request\(\{[^}]*\}\))\}catch/,
      "await Promise.all([$2,(async()=>{$1})()]).then(([one])=>one)}catch",
    ],
  ],
  "reads the transaction once": [[PARAMETERS, "async _executeRequest($1){try{$4=$4&&{...$4};"]],
  "copies parameters before hooks": [[HOOK, "__internalParams:{...t},query:($1,$2=t)=>{"]],
  "copies parameters after hooks": [[HOOK, "__internalParams:t,query:($1,$2=t)=>{$2={...$2};"]],
  "copies parameters without symbols before hooks": [
    [HOOK, "__internalParams:Object.fromEntries(Object.entries(t)),query:($1,$2=t)=>{"],
  ],
  "copies parameters without symbols after hooks": [
    [HOOK, "__internalParams:t,query:($1,$2=t)=>{$2=Object.fromEntries(Object.entries($2));"],
  ],
  "copies parameters without symbols before it sends": [
    [PARAMETERS, "async _executeRequest(_0){let $1=Object.fromEntries(Object.entries(_0));try{"],
  ],
  "takes no parameters from hooks": [[HOOK, "__internalParams:t,query:$1=>{let $2={...t};"]],
  "sends in another way": [
    [/async _executeRequest\(/, "async _executeRequest(_0){return this._send(_0)}async _send("],
    [/(\w)\._executeRequest\((\w)\)/g, "$1._send($2)"],
  ],
  "sends what models are called for in another way": [
    [/async _executeRequest\(/, "async _executeRequest(_0){return this._send(_0)}async _send("],
    [/(\w)\._executeRequest\((\w)\)/g, "($2.model?$1._send($2):$1._executeRequest($2))"],
  ],
  "has no _executeRequest": [[/_executeRequest\(/g, "_send("]],
  "has no _request": [[/(?<=[.}])_request\(/g, "_call("]],
  "does not tell promises their transaction": [[/Fl\(r\(s\)\):Fl\(r\(s\)\)/, "Fl(r()):Fl(r())"]],
  "has no _createPrismaPromise": [[/_createPrismaPromise/g, "_promise"]],
  "has no requestTransaction": [[/requestTransaction\((\w)\)\{.*?:\w\},/, ""]],
  "gives requestTransaction an object": [
    [/requestTransaction\((\w)\)\{/, "requestTransaction({transaction:$1}){"],
    [/requestTransaction\?\.\((\w)\)/, "requestTransaction?.({transaction:$1})"],
  ],
  "ignores what requestTransaction is given": [
    [/requestTransaction\((\w)\)\{/, "requestTransaction($1){$1=void 0;"],
  ],
  "has another name for interactive transactions": [[/"itx"/g, '"interactive"']],
  "has another name for batches": [[/"batch"/g, '"list"']],
  "gives hooks no parameters of its own": [[/__internalParams:t,/g, ""]],
  "has another name for the path of fluent calls": [[/\bdataPath\b/g, "fieldPath"]],
  "answers with an object around the data": [[/process\.env\.PRISMA_CLIENT_GET_TIME\?/, "true?"]],
  "answers with a copy": [[/return (\w)\?\1\((\w)\):\2\}get/, "return structuredClone($1?$1($2):$2)}get"]],
  "gives hooks parameters that are frozen": [
    [HOOK, "__internalParams:Object.freeze({...t}),query:($1,$2=t)=>{"],
  ],
  "does not say what promises are called for": [[/get spec\(\)\{return \w\},/, ""]],
  "does not make clients of transactions so": [[/_createItxClient/g, "_clientIn"]],
};
