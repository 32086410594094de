import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";

import { cutToWidth, displayWidth } from "./display-width.js";
import { timeText } from "./time-text.js";

/** One row of a listing, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** How a listing is shown. */
export interface TableLook {
  /** How many cells a line may take: the width of the terminal. Without it, whatever there is is shown whole. */
  readonly width?: number | undefined;
  /** Columns that can be left out where the room does not suffice, the first one first. */
  readonly dispensable?: readonly string[];
  /** Columns that are never cut. */
  readonly whole?: readonly string[];
  /** The colour of a cell, by its column and value. */
  readonly colour?: (column: string, value: unknown) => ((text: string) => string) | undefined;
}

interface Column {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly cells: readonly string[];
  readonly isNumber: boolean;
  /** What it needs at least: only texts that are no ids can be cut. */
  readonly least: number;
  /** What it needs for its texts to be read, and not only told from each other. */
  readonly legible: number;
  readonly width: number;
}

const GAP = "  ";
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
/** A text of which less is shown says nothing any more. */
const LEAST_TEXT = 12;
const LEGIBLE_TEXT = 24;

/** A table with a column for each field of the first row, numbers on the right. Empty when there are no rows. */
export function tableOf(rows: readonly Row[], look: TableLook = {}): string {
  const [first] = rows;
  if (first === undefined) return "";
  const all = Object.keys(first).map((name) => columnOf(name, rows, look));
  const { shown, leftOut } = fitting(all, look);
  const head = shown.map(({ name, width, isNumber }) => aligned(name, width, isNumber));
  const lines = rows.map((_, row) => lineOf(shown.map((column) => cellAt(column, row, look))));
  const note =
    leftOut.length === 0 ? [] : [pc.dim(`(no room for: ${leftOut.join(", ")}; --json prints everything)`)];
  return [pc.bold(lineOf(head)), ...lines, ...note].join("\n");
}

function columnOf(name: string, rows: readonly Row[], { whole = [] }: TableLook): Column {
  const values = rows.map((row) => row[name]);
  const cells = values.map(textOf);
  const width = Math.max(name.length, ...cells.map(displayWidth));
  const given = values.filter((value) => value !== null && value !== undefined && value !== "");
  const isNumber = given.length > 0 && given.every((value) => typeof value === "number");
  // A part of an id says nothing.
  const isText = given.every((value) => typeof value === "string" && !UUID.test(value));
  const atLeast = (cells: number) => (isText && !whole.includes(name) ? Math.min(width, cells) : width);
  const [least, legible] = [atLeast(LEAST_TEXT), atLeast(LEGIBLE_TEXT)];
  return { name, values, cells, isNumber, least, legible, width };
}

/**
 * The columns for which there is room, as wide as they can be: the widest ones give way first. What can be spared first is not
 * worth texts that cannot be read; the others are.
 */
function fitting(all: readonly Column[], { width, dispensable = [] }: TableLook) {
  if (width === undefined) return { shown: all, leftOut: [] };
  let shown = all;
  const leftOut: string[] = [];
  for (const name of dispensable) {
    const needed = shown.map(({ least, legible }) => (leftOut.length === 0 ? legible : least));
    if (widthOf(needed) <= width) break;
    if (!shown.some((column) => column.name === name)) continue;
    shown = shown.filter((column) => column.name !== name);
    leftOut.push(name);
  }
  const widths = shown.map((column) => column.width);
  while (widthOf(widths) > width) {
    const spare = shown.map(({ least }, index) => ((widths[index] ?? 0) > least ? (widths[index] ?? 0) : 0));
    const widest = Math.max(...spare);
    if (widest === 0) break;
    widths[spare.indexOf(widest)] = widest - 1;
  }
  return { shown: shown.map((column, index) => ({ ...column, width: widths[index] ?? 0 })), leftOut };
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, 0) + GAP.length * Math.max(0, widths.length - 1);
}

function cellAt(
  { name, values, cells, width, isNumber }: Column,
  row: number,
  { colour }: TableLook,
): string {
  const cell = cells[row] ?? "";
  const text = aligned(cell, width, isNumber);
  const paint = colour?.(name, values[row]);
  // What only fills the column has no colour, so that it can be cut off at the end of the line.
  return paint === undefined ? text : text.replace(/\S(?:.*\S)?/, paint);
}

function aligned(text: string, width: number, isNumber: boolean): string {
  const cut = displayWidth(text) > width ? `${cutToWidth(text, width - 1)}…` : text;
  const fill = " ".repeat(Math.max(0, width - displayWidth(cut)));
  return isNumber ? `${fill}${cut}` : `${cut}${fill}`;
}

function lineOf(cells: readonly string[]): string {
  return cells.join(GAP).trimEnd();
}

/** In one line, and without what would move the cursor or change the colours of a terminal. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return timeText(value);
  return stripVTControlCharacters(String(value)).replace(/[\s\p{Cc}]+/gu, " ");
}
