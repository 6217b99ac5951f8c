// Makes as many instances of the module, one after another, as the path says.
import module from "./requests_bg.wasm";
import * as requests from "./requests.js";

requests.initSync({ module });

export default {
  fetch(request) {
    const count = Number(new URL(request.url).pathname.slice(1));
    for (let made = 0; made < count; made += 1) requests.__wbg_reset_state();
    return new Response("made");
  },
};
