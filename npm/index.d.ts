// What can be imported. For wrangler, the entry is `"main": "node_modules/holdfast/worker/index.js"`.

/** What the Worker looks for in its environment. All of it is optional. */
export interface Bindings {
  /** The settings, or the same as text of JSON: see `holdfast.schema.json`. */
  HOLDFAST?: object | string;
  /** Last good copies and purge rules: a KV namespace. */
  HOLDFAST_KEEP?: unknown;
  /** The object that gathers the counts of all isolates: the class `OriginHealth`. */
  HOLDFAST_HEALTH?: unknown;
  /** The same counts as data points: an Analytics Engine dataset. */
  HOLDFAST_ANALYTICS?: unknown;
  /** Which version of the Worker this is: version metadata. */
  HOLDFAST_VERSION?: unknown;
  /** The operators' secret. */
  HOLDFAST_TOKEN?: string;
  /** Where alerts are sent: a secret. */
  HOLDFAST_ALERT_WEBHOOK?: string;
  /** PagerDuty's routing key: a secret. */
  HOLDFAST_ALERT_KEY?: string;
}

/**
 * `worker` with Holdfast before its `fetch`: that Worker is the origin. An object of handlers, or a class of entrypoints. Its
 * other handlers stay as they are.
 */
export function before<W>(worker: W): W;

/** The handlers of Holdfast alone. */
declare const worker: {
  // biome-ignore lint/suspicious/noExplicitAny: which Response there is, the types of the project that imports this decide
  fetch(request: unknown, env: unknown, ctx: unknown): Promise<any>;
  scheduled(controller: unknown, env: unknown, ctx: unknown): Promise<void>;
};
export default worker;

/** The Durable Object that gathers the counts of all isolates: bind it as `HOLDFAST_HEALTH`. */
export const OriginHealth: new (state: unknown, env: unknown) => object;
