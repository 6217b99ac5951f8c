// The modules that the build puts beside these: what wasm-bindgen makes of `modules/`, and the data. And what the
// platform has and its published types have not.

declare function addEventListener(type: "error", listener: (event: { error: unknown }) => void): void;

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.bin" {
  const bytes: ArrayBuffer;
  export default bytes;
}

/** `modules/requests/src/lib.rs` */
declare module "*/requests.js" {
  type BodyHandle = import("./handle.js").BodyHandle;
  type Env = import("./pending.js").Env;
  type PendingRequest = import("./pending.js").PendingRequest;

  export function initSync(options: { module: WebAssembly.Module }): unknown;
  export function __wbg_reset_state(): void;

  export function read_ahead(env: Env): void;
  export function passes_through(env: Env): boolean;
  export function fetch(now: number, pending: PendingRequest, number: number, head: string): void;
  export function internal_error(now: number, pending: PendingRequest, number: number, head: string): void;
  export function scheduled(now: number, pending: PendingRequest, number: number): void;
  export function forget(number: number): void;

  export function resolve(now: number, call: number): void;
  export function resolve_number(now: number, call: number, number: number): void;
  export function resolve_text(now: number, call: number, text: string | undefined): void;
  export function resolve_entry(now: number, call: number, entry: string, body: BodyHandle): void;
  export function resolve_response(
    now: number,
    call: number,
    status: number,
    fields: string,
    body: BodyHandle,
    receivedAt: number,
    whole: number,
  ): void;
  export function reject(
    now: number,
    call: number,
    message: string,
    retryable: boolean,
    timedOut: boolean,
    fault: number,
  ): void;
}

/** `modules/health/src/lib.rs` */
declare module "*/health.js" {
  type Env = import("./pending.js").Env;
  type Delivery = { id: string; url: string; contentType: string; body: string };

  export function initSync(options: { module: WebAssembly.Module }): unknown;
  export function __wbg_reset_state(): void;

  export function report(
    state: DurableObjectState,
    env: Env,
    counts: string,
    reports: number,
    dashboard: string | undefined,
  ): [reply: string, wakeAt: number | undefined];
  export function merged(told: string): string[];
  export function shard_reply(ofObject: string, flushS: number): string;
  export function flush_s(reports: number, flushS: number): number;
  export function wake(state: DurableObjectState, env: Env): [deliveries: Delivery[], wakeAt: number | undefined];
  export function delivered(state: DurableObjectState, id: string, wasTaken: boolean): number | undefined;
  export function view(state: DurableObjectState, env: Env, name: string): string | undefined;
}
