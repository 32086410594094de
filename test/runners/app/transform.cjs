// TypeScript for Jest, as ts-jest would do it.
const ts = require("typescript5");

module.exports = {
  process(text, fileName, { supportsStaticESM }) {
    const compilerOptions = {
      target: "es2022",
      module: supportsStaticESM ? "esnext" : "commonjs",
      esModuleInterop: true,
      inlineSourceMap: true,
    };
    return { code: ts.transpileModule(text, { fileName, compilerOptions }).outputText };
  },
};
