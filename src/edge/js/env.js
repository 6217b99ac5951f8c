// @ts-check
// What is bound to the worker.

/** @import { Env } from "./pending.js" */

/**
 * The names of our bindings, with spaces between them.
 * @param {Env} env
 */
export function boundNames(env) {
  return Object.keys(env)
    .filter((name) => name.startsWith("HOLDFAST_") && env[name] !== undefined)
    .join(" ");
}

/**
 * @param {Env} env
 * @param {string} name
 * @returns {string | undefined}
 */
export function secretText(env, name) {
  return typeof env[name] === "string" ? env[name] : undefined;
}

/**
 * The settings as JSON: a variable of text is taken as it is.
 * @param {Env} env
 * @returns {string | undefined}
 */
export function settingsText(env) {
  const value = env.HOLDFAST;
  return typeof value === "string" || value === undefined ? value : JSON.stringify(value);
}
