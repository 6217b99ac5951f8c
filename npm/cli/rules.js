// The rules of the commands, which are those of the Worker: Rust, as WebAssembly.
import { readFileSync } from "node:fs";
import * as command from "./command.js";

command.initSync({ module: readFileSync(new URL("./command_bg.wasm", import.meta.url)) });

export const {
  check,
  drillField,
  leftAside,
  maskCheck,
  mistakeInToken,
  mistakesIn,
  pages,
  readByWrangler,
  redirect,
  settings,
} = command;
