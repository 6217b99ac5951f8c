// Writes every error page to a folder, with the brand of the settings.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { pages as write } from "./rules.js";
import { checkedSettings } from "./settings.js";

/** @param {{ out?: string, env?: string, set?: string[] }} options @returns {Promise<number>} the exit code */
export async function pages({ out = "error-pages", env, set }) {
  const { settings } = checkedSettings({ env, set });
  mkdirSync(out, { recursive: true });
  console.log(write(JSON.stringify(settings), new Folder(out)));
  return 0;
}

/** A folder on this machine. Names in it are paths with slashes. */
class Folder {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  /** @param {string} name */
  pathOf(name) {
    return path.join(this.folder, name);
  }

  isEmpty() {
    return readdirSync(this.folder).length === 0;
  }

  /** @param {string} name */
  has(name) {
    return existsSync(this.pathOf(name));
  }

  /** @param {string} name */
  remove(name) {
    rmSync(this.pathOf(name), { recursive: true });
  }

  /** @param {string} name @param {string} text */
  write(name, text) {
    const file = this.pathOf(name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** @param {string} text */
  gzipped(text) {
    return gzipSync(text, { level: 9 }).length;
  }
}
