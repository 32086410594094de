// Has the graphile-worker of this process behave as a version whose statements have another text, until `restore()`.
const { createRequire } = require("node:module");

const inGraphile = createRequire(require.resolve("graphile-worker"));
const getting = inGraphile("./sql/getJobs.js");
const completing = inGraphile("./sql/completeJobs.js");
const { batchGetJobs } = getting;
const { batchCompleteJobs } = completing;

function withOtherTexts(withPgClient) {
  const other = (run) => (callback) =>
    run((client) =>
      callback({ query: (query) => client.query({ ...query, text: `${query.text} /* other */` }) }),
    );
  return Object.assign(other(withPgClient), { withRetries: other(withPgClient.withRetries ?? withPgClient) });
}

getting.batchGetJobs = (options, withPgClient, ...rest) =>
  batchGetJobs(options, withOtherTexts(withPgClient), ...rest);
completing.batchCompleteJobs = (options, withPgClient, ...rest) =>
  batchCompleteJobs(options, withOtherTexts(withPgClient), ...rest);

exports.restore = () => {
  getting.batchGetJobs = batchGetJobs;
  completing.batchCompleteJobs = batchCompleteJobs;
};
