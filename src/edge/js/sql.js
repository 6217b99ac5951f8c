// @ts-check
// The storage of the Durable Object.

/**
 * Runs one statement. Parameters and rows are JSON; a statement that fails gives no rows.
 * @param {DurableObjectStorage} storage
 * @param {string} statement
 * @param {string} parameters
 */
export function sql(storage, statement, parameters) {
  try {
    return JSON.stringify([...storage.sql.exec(statement, ...JSON.parse(parameters)).raw()]);
  } catch (error) {
    const message = String(error instanceof Error ? error.message : error);
    // That is how a new object finds out that it is new.
    if (!message.startsWith("no such table")) console.error(`holdfast: the object's storage: ${message}`);
    return "[]";
  }
}
