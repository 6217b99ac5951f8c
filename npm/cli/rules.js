// The rules of `check`, which are those of the Worker: Rust, as WebAssembly.
import { readFileSync } from "node:fs";
import * as command from "./command.js";

command.initSync({ module: new WebAssembly.Module(readFileSync(new URL("./command_bg.wasm", import.meta.url))) });

export const { check, leftAside, mistakesIn, readByWrangler, redirect } = command;
