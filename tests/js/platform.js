// What the platform has and Node.js has not, and a Rust instance that notes what it is told.

export const told = [];

const note =
  (name) =>
  (_now, call, ...rest) =>
    told.push([name, call, ...rest]);

export const rust = Object.fromEntries(
  ["resolve", "resolve_number", "resolve_text", "resolve_entry", "resolve_response", "reject"].map((name) => [
    name,
    note(name),
  ]),
);

// The platform's pipes have taken the bytes of a chunk once it is written.
globalThis.IdentityTransformStream = class {
  constructor() {
    const transform = (chunk, controller) => controller.enqueue(chunk.slice());
    const { readable, writable } = new TransformStream({ transform });
    Object.assign(this, { readable, writable });
  }
};

globalThis.FixedLengthStream = class {
  constructor(length) {
    let left = length;
    const { readable, writable } = new TransformStream({
      transform(chunk, controller) {
        left -= chunk.byteLength;
        if (left < 0) throw new TypeError("more than was announced");
        controller.enqueue(chunk.slice());
      },
      flush() {
        if (left > 0) throw new TypeError("less than was announced");
      },
    });
    Object.assign(this, { readable, writable });
  }
};

/** A response whose body gives `chunks` in turn and then ends, breaks off, or says no more. */
export function response(chunks, end = "ends", headers = {}) {
  const left = [...chunks];
  const body = new ReadableStream({
    type: "bytes",
    pull(controller) {
      if (left.length > 0) controller.enqueue(new TextEncoder().encode(left.shift()));
      else if (end === "ends") {
        controller.close();
        controller.byobRequest?.respond(0);
      } else if (end === "breaks off") controller.error(Object.assign(new Error("lost"), { retryable: true }));
    },
  });
  return new Response(body, { headers });
}

/** The text of a stream, with a mark where it was cut off. */
export async function read(stream) {
  let text = "";
  try {
    for await (const chunk of stream) text += new TextDecoder().decode(chunk);
  } catch {
    text += "|cut off";
  }
  return text;
}

export async function outcome(call) {
  for (let turns = 0; turns < 200; turns += 1) {
    const found = told.find((entry) => entry[1] === call);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`call ${call} was never completed`);
}
