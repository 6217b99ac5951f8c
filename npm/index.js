// What can be imported. The entry for wrangler is `worker/index.js` itself.
export { before } from "./worker/before.js";
export { default, OriginHealth } from "./worker/index.js";
