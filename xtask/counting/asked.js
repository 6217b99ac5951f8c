// What is asked of the platform, by kind: fetches, and calls of the cache, of KV and of the object.

let asked = {};

// The counts since the last call.
export function take() {
  const counts = asked;
  asked = {};
  return counts;
}

function count(what) {
  asked[what] = (asked[what] ?? 0) + 1;
}

function counted(object, names, kind) {
  for (const name of names) {
    const call = object[name];
    object[name] = function (...args) {
      count(`${kind} ${name}`);
      return call.apply(this, args);
    };
  }
}
counted(globalThis, ["fetch"], "origin");
counted(Cache.prototype, ["match", "put", "delete"], "cache");

let isBound = false;

// Counts what is asked of the bindings, too.
export function bound(env) {
  if (isBound) return;
  isBound = true;
  if (env.HOLDFAST_KEEP) {
    counted(Object.getPrototypeOf(env.HOLDFAST_KEEP), ["get", "getWithMetadata", "put", "delete", "list"], "kv");
  }
  if (!env.HOLDFAST_HEALTH) return;
  const objects = Object.getPrototypeOf(env.HOLDFAST_HEALTH);
  const { get } = objects;
  objects.get = function (...args) {
    const stub = get.apply(this, args);
    return new Proxy(stub, {
      get: (_, name) => (...args) => {
        count(`object ${name}`);
        return stub[name](...args);
      },
    });
  };
}
