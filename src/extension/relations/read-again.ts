import type { Row } from "../../changes/diff.js";
import { EventBusError } from "../../errors.js";
import type { Model } from "../../models/model.js";
import { keyTexts } from "../../models/row-key.js";
import { storedOf } from "../../models/stored-row.js";
import type { Catalog } from "../catalog/catalog.js";
import { BY_TUPLE_ID, type RowLoader } from "../rows/row-loader.js";
import type { TouchedRow } from "./touched-rows.js";

/**
 * Finds rows after a call that were there before it. A row whose key may have changed is not looked for by its key:
 * arithmetic, rounding and triggers make another one of it than the call says, and another row may have the old one by
 * now. PostgreSQL itself says what has become of the row with a tuple id.
 */
export class ReadAgain {
  readonly #loader: RowLoader;
  readonly #catalog: Catalog;

  constructor(loader: RowLoader, catalog: Catalog) {
    this.#loader = loader;
    this.#catalog = catalog;
  }

  /** Undefined: PostgreSQL has deleted it. Only inside of {@link RowLoader.all}. */
  async find(row: TouchedRow): Promise<Row | undefined> {
    const { model, before } = row;
    const table = this.#catalog.table(model);
    const tupleId = before === undefined ? undefined : storedOf(before)?.tupleId;
    const isWritten = writesKey(row);
    if (tupleId !== undefined && (isWritten || table?.hasTriggers !== false)) {
      const [now] = await this.#loader.find({ model, fields: BY_TUPLE_ID, keys: [tupleId] });
      if (now !== undefined || table?.kind === "table") return now;
    }
    const now =
      isWritten && tupleId !== undefined ? undefined : await this.#byKey(model, row.after ?? before);
    // The row of a view has no tuple id, and one that went to another partition cannot be followed by it.
    if (now === undefined && isWritten && !row.mayBeDeleted && table?.kind !== "table") throw lost(model);
    return now;
  }

  async #byKey(model: Model, row: Row | undefined): Promise<Row | undefined> {
    const fields = model.identity?.fields ?? [];
    const texts = row === undefined ? undefined : keyTexts(model, fields, row);
    if (texts === undefined) return undefined;
    const found = await this.#loader.find({ model, fields, keys: [texts] });
    if (found.length < 2) return found[0];
    // With a snapshot, a row that had the key before is still seen when others have deleted it since.
    return (await this.#loader.find({ model, fields, keys: [texts], ownOnly: true }))[0];
  }
}

function writesKey({ model, written }: TouchedRow): boolean {
  return model.identity?.fields.some((field) => written.has(field)) === true;
}

function lost(model: Model): EventBusError {
  return new EventBusError(
    "NOT_CAPTURED",
    `A call changed the key of a row of ${model.name} that cannot be found again: the row has moved to another partition, or ` +
      "the model is on a view. The transaction was aborted. Change such keys with an update of the row itself, or run the " +
      "call in prisma.$withoutEvents(() => …).",
    { path: model.name },
  );
}
