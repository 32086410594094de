import { stripVTControlCharacters } from "node:util";
import pc from "picocolors";

import { cutToWidth, displayWidth } from "./display-width.js";

/** One row of a listing, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** How a listing is shown. */
export interface TableLook {
  /** The width of the terminal in cells. Without it nothing is cut. */
  readonly width?: number | undefined;
  /** Columns that are left out if the table is too wide, in this order. */
  readonly dispensable?: readonly string[];
  /** Columns that are never cut. */
  readonly whole?: readonly string[];
  /** The color of a cell, by its column and value. */
  readonly colour?: (column: string, value: unknown) => ((text: string) => string) | undefined;
}

interface Column {
  readonly name: string;
  readonly values: readonly unknown[];
  readonly cells: readonly string[];
  readonly isNumber: boolean;
  /** The width below which it is not cut. Only texts can be cut, ids excepted. */
  readonly least: number;
  /** The width from which its texts can be understood, and not only told apart. */
  readonly legible: number;
  readonly width: number;
}

const GAP = "  ";
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
/** A text that is cut further says nothing. */
const LEAST_TEXT = 12;
const LEGIBLE_TEXT = 24;

/** A table with a column for each field of the first row; numbers are aligned to the right. Empty if there are no rows. */
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
  // A part of an id is useless.
  const isText = given.every((value) => typeof value === "string" && !UUID.test(value));
  const atLeast = (cells: number) => (isText && !whole.includes(name) ? Math.min(width, cells) : width);
  const [least, legible] = [atLeast(LEAST_TEXT), atLeast(LEGIBLE_TEXT)];
  return { name, values, cells, isNumber, least, legible, width };
}

/**
 * The columns that fit into the width, as wide as possible. First the first dispensable column is left out, if texts would be
 * too short to understand with it. Further columns are left out only if the table would not fit at all. Then the widest columns
 * are cut.
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
  // Padding has no color, so that it can be trimmed at the end of the line.
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

/** The text of a value in one line, without control characters that would move the cursor or change colors. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return timeText(value);
  return stripVTControlCharacters(String(value)).replace(/[\s\p{Cc}]+/gu, " ");
}

/**
 * A moment in UTC, for people. A `Date` cannot hold PostgreSQL's `infinity`, which someone may have written by hand: such a row
 * must not make the whole listing fail.
 */
export function timeText(moment: Date): string {
  return Number.isNaN(moment.getTime()) ? "out of range" : moment.toISOString();
}
