// The schema of test/properties/keys.property.test.ts: for each type of key-types.json models with keys of that type.
import { readFileSync } from "node:fs";

const types = JSON.parse(readFileSync(new URL("key-types.json", import.meta.url), "utf8"));

const head = `
generator client {
  provider = "prisma-client"
  output   = "./keys"
}

datasource db {
  provider = "postgresql"
}

enum Mood {
  CALM
  WILD @map("wild one")

  @@map("mood")
}
`;

/** `mark` tells the rows apart whatever their keys become: nothing writes it. */
const common = "mark Int @default(autoincrement())\n  note String?";

function withRelations(name, of) {
  return `
model ${name}Root {
  key    ${of("")} @id @map("the key")
  alt    ${of("?")} @unique @map("Alt")
  ${common}
  leaves ${name}Leaf[] @relation("${name}Key")
  others ${name}Leaf[] @relation("${name}Alt")
  drops  ${name}Drop[]

  @@map("${name} roots")
}

model ${name}Leaf {
  id      Int @id @default(autoincrement())
  rootKey ${of("?")} @map("root key")
  altKey  ${of("?")}
  ${common}
  root    ${name}Root? @relation("${name}Key", fields: [rootKey], references: [key], onDelete: SetNull, onUpdate: Cascade)
  viaAlt  ${name}Root? @relation("${name}Alt", fields: [altKey], references: [alt], onDelete: Cascade, onUpdate: Cascade)

  @@map("${name} leaves")
}

model ${name}Drop {
  rootKey ${of("")} @map("root key")
  part    ${of("")}
  nr      Int
  ${common}
  root    ${name}Root @relation(fields: [rootKey], references: [key], onDelete: Cascade, onUpdate: Cascade)

  @@id([rootKey, part])
  @@unique([part, nr], name: "spot")
  @@map("${name} drops")
}
`;
}

/** Prisma takes neither lists nor Json as foreign keys or in @id. */
function alone(name, of) {
  return `
model ${name}Root {
  key  ${of("")} @unique @map("the key")
  ${common}

  @@map("${name} roots")
}

model ${name}Drop {
  id   Int @id @default(autoincrement())
  part ${of("")}
  nr   Int
  ${common}

  @@unique([part, nr], name: "spot")
  @@map("${name} drops")
}
`;
}

/** The text of the schema. */
export function keysSchema() {
  const models = types.map((type) => {
    const [prisma, ...attributes] = type.prisma.split(" @");
    const of = (optional) => [prisma + optional, ...attributes].join(" @");
    return (type.alone ? alone : withRelations)(type.name, of);
  });
  return head + models.join("");
}
