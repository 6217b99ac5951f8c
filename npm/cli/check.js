// Checks the file that wrangler reads, or another one.
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { check, leftAside, readByWrangler, redirect } from "./rules.js";

/** @param {string} file */
const isFile = (file) => existsSync(file) && statSync(file).isFile();

/** `folder` and every folder around it. @param {string} folder @returns {string[]} */
function withFoldersAround(folder) {
  const around = path.dirname(folder);
  return around === folder ? [folder] : [folder, ...withFoldersAround(around)];
}

/** The file that wrangler would read in `folder`. @param {string} folder */
export function readIn(folder) {
  const folders = withFoldersAround(realpathSync(folder));
  const redirected = folders.map((it) => path.join(it, redirect())).find(isFile);
  if (redirected) return redirected;
  const found = readByWrangler(folders.length, (number, name) => isFile(path.join(folders[number] ?? "", name)));
  const [number, name] = found?.split(" ") ?? [];
  return name && path.join(folders[Number(number)] ?? "", name);
}

/**
 * What is said of a file, and whether it is in order.
 * @param {string} [file] the one that wrangler reads, if it is left out
 * @returns {{ isInOrder: boolean, said: string, file?: string }}
 */
export function checked(file) {
  const read = file ?? readIn(process.cwd());
  if (read === undefined) {
    return {
      isInOrder: false,
      said: "no wrangler.json, wrangler.jsonc or wrangler.toml here; npx holdfast init writes one",
    };
  }
  // A path as people write it.
  const shown = file ?? (path.relative(process.cwd(), read) || read);
  if (!isFile(read)) return { isInOrder: false, said: `${shown}: cannot be read: there is no such file` };
  const isByDefault = /^wrangler\.(json|jsonc|toml)$/.test(path.basename(read));
  const preferred = isByDefault ? readIn(path.dirname(path.resolve(read))) : undefined;
  if (preferred !== undefined && realpathSync(preferred) !== realpathSync(read)) {
    return { isInOrder: false, said: leftAside(shown, preferred) };
  }
  const [isInOrder, said] = check(shown, readFileSync(read, "utf8"));
  return { isInOrder, said, file: read };
}
