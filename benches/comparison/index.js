// What visitors get in an outage from nginx, from a careful Worker and from Holdfast: prints the tables of docs/comparison.md.
//
// Needs nginx and cargo in PATH: npx node benches/comparison/index.js
import { ask, said } from "./client.js";
import { FRONTS } from "./fronts.js";
import { BROKEN, Origin, WHOLE } from "./origin.js";

/** @typedef {import("./client.js").Answer} Answer */

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What came to eight visitors, and when. @param {Answer[]} answers */
function together(answers) {
  const seconds = answers.map((answer) => answer.seconds).sort((a, b) => a - b);
  const times = [seconds[0], seconds.at(-1)].map((seconds) => (seconds ?? 0).toFixed(1));
  const slow = seconds.filter((seconds) => seconds > 1).length;
  return `${[...new Set(answers.map(said))].join(" or ")} after ${[...new Set(times)].join(" to ")} s (${slow} waited longer than a second)`;
}

/**
 * A page is stored and becomes stale; then the origin fails, and eight visitors come at once.
 * @param {number} port @param {Origin} origin @param {import("./origin.js").Mode} mode
 */
async function wave(port, origin, mode) {
  for (const visitor of [1, 2, 3]) await ask(port, visitor, "/a");
  await sleep(2500);
  origin.seen = 0;
  await origin.set(mode);
  const answers = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((visitor) => ask(port, 10 + visitor, "/a")));
  return `${together(answers)}; ${origin.seen} requests at the origin`;
}

/** @type {Record<string, (port: number, origin: Origin) => Promise<string>>} */
const SCENES = {
  "refuses connections": (port, origin) => wave(port, origin, "refuse"),
  "the same, a page never seen": async (port, origin) => {
    await wave(port, origin, "refuse");
    return said(await ask(port, 31, "/new"));
  },
  "accepts and says nothing": (port, origin) => wave(port, origin, "hang"),
  "answers 503": (port, origin) => wave(port, origin, "503"),
  "answers 200 with an empty page": (port, origin) => wave(port, origin, "empty"),
  "and then refuses connections": async (port, origin) => {
    await wave(port, origin, "empty");
    await sleep(1500);
    await origin.set("refuse");
    return said(await ask(port, 33, "/a"));
  },
  "breaks off a page": (port, origin) => wave(port, origin, "break off"),
  [`breaks off a download of ${WHOLE} bytes after ${BROKEN}`]: async (port, origin) => {
    await ask(port, 1, "/a");
    await origin.set("break off");
    return said(await ask(port, 2, "/large"));
  },
  "loses a `POST`": (port, origin) => posted(port, origin, "lose"),
  "answers 503 to a `POST`": (port, origin) => posted(port, origin, "503"),
};

/** @param {number} port @param {Origin} origin @param {import("./origin.js").Mode} mode */
async function posted(port, origin, mode) {
  await ask(port, 1, "/a");
  origin.seen = 0;
  await origin.set(mode);
  return `${said(await ask(port, 2, "/orders", "POST"))}; ${origin.seen} requests at the origin`;
}

/** Five visitors a second for 45 s, before an origin that hangs. @param {number} port @param {Origin} origin */
async function hanging(port, origin) {
  const pages = [0, 1, 2, 3, 4].flatMap((section) => [`/${section}/a`, `/${section}/b`]);
  for (const page of pages) await ask(port, 1, page);
  await sleep(2500);
  origin.seen = 0;
  await origin.set("hang");
  const asked = [];
  for (let visitor = 0; visitor < 225; visitor += 1) {
    asked.push(ask(port, (visitor % 250) + 1, pages[visitor % pages.length] ?? "/"));
    await sleep(200);
  }
  const answers = await Promise.all(asked);
  const copies = answers.filter((answer) => said(answer) === "the copy").length;
  const quick = answers.filter((answer) => answer.seconds < 1).length;
  const longest = Math.max(...answers.map((answer) => answer.seconds));
  return `${copies} of 225 the copy | ${quick} | ${longest.toFixed(1)} s | ${origin.seen}`;
}

/** @param {string} front @param {(port: number, origin: Origin) => Promise<string>} scene */
async function played(front, scene) {
  const origin = await new Origin().start();
  const { port, stop } = await /** @type {NonNullable<typeof FRONTS[string]>} */ (FRONTS[front])(origin.port);
  try {
    return await scene(port, origin);
  } finally {
    await stop();
    await origin.set("well");
    await origin.stop();
  }
}

const compared = ["nginx", "a careful Worker", "Holdfast"];
console.log(`| the origin | ${compared.join(" | ")} |\n| --- | --- | --- | --- |`);
for (const [name, scene] of Object.entries(SCENES)) {
  const cells = [];
  for (const front of compared) cells.push(await played(front, scene));
  console.log(`| ${name} | ${cells.join(" | ")} |`);
}
console.log("\n| an origin that hangs | | answered within a second | longest wait | requests at the origin |");
console.log("| --- | --- | --- | --- | --- |");
for (const front of Object.keys(FRONTS)) console.log(`| ${front} | ${await played(front, hanging)} |`);
process.exit(0);
