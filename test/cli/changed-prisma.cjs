// Has the Prisma runtime of this process be another version: PRISMA_EDITS says what is changed in its text.
const fs = require("node:fs");

const edits = JSON.parse(process.env["PRISMA_EDITS"]);
const { readFileSync } = fs;

fs.readFileSync = (file, ...options) => {
  const content = readFileSync(file, ...options);
  if (!/client-js[\\/]runtime[\\/]client\.js$/.test(String(file))) return content;
  return edits.reduce((text, [found, flags, instead]) => {
    const changed = text.replace(new RegExp(found, flags), instead);
    if (changed === text)
      throw new Error(`Prisma's runtime has nothing like ${found}: adapt this test to it`);
    return changed;
  }, String(content));
};
