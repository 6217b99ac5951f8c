// @ts-check
// The spans of attempts, in the platform's traces of requests, named by OpenTelemetry's semantic conventions for HTTP
// clients. A request that is not traced costs one question for each attempt, about a microsecond.

/** @import { PendingRequest } from "./pending.js" */

/** @typedef {Span} AttemptSpan */

/** Scheme, host and port of a URL in its normal form. */
const SERVER = /^(https?):\/\/(\[[^\]]*\]|[^/:?#]*)(?::(\d+))?/;

/**
 * Has `send` send a request. If `pending` is traced, it does so in a span of its own, in which the platform puts its span
 * of the fetch.
 * @param {PendingRequest} pending
 * @param {string} method
 * @param {string} url
 * @param {() => Promise<Response>} send
 * @returns {{ sent: Promise<Response>, span?: AttemptSpan }}
 */
export function spanned(pending, method, url, send) {
  const { tracing } = pending.ctx;
  if (!tracing?.getActiveSpan?.()?.isTraced) return { sent: send() };
  return tracing.startActiveSpan("holdfast.attempt", (span) => {
    span.setAttribute("http.request.method", method);
    const [, scheme, host = "", port] = SERVER.exec(url) ?? [];
    span.setAttribute("server.address", host);
    span.setAttribute("server.port", Number(port ?? (scheme === "http" ? 80 : 443)));
    return { sent: send(), span };
  });
}

/**
 * Ends the span of an attempt.
 * @param {AttemptSpan} span
 * @param {string} id that of the request
 * @param {number} resends how many attempts were made before
 * @param {number} waitedMs the wait before it
 * @param {number} status 0 without a response
 * @param {string} failure its word, or nothing
 */
export function endSpan(span, id, resends, waitedMs, status, failure) {
  span.setAttribute("holdfast.request.id", id);
  span.setAttribute("holdfast.wait_ms", waitedMs);
  if (resends > 0) span.setAttribute("http.request.resend_count", resends);
  if (status > 0) span.setAttribute("http.response.status_code", status);
  const error = failure || (status >= 400 ? String(status) : undefined);
  if (error) {
    span.setAttribute("error.type", error);
    span.setStatus?.({ code: "error" });
  }
  span.end();
}
