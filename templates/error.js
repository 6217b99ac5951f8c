{
const $ = (id) => document.getElementById(id);

// Copies what a help desk asks for first.
const copy = $("copy"), details = $("details");
if (navigator.clipboard) {
  copy.hidden = false;
  copy.onclick = async () => {
    const rows = [...details.children].map((row) => [...row.children].map((cell) => cell.textContent).join(": "));
    try {
      await navigator.clipboard.writeText([$("status").textContent, ...rows].join("\n"));
    } catch {
      return getSelection().selectAllChildren(details);
    }
    const label = copy.textContent;
    copy.textContent = copy.dataset.done;
    setTimeout(() => { copy.textContent = label; }, 3000);
  };
}

// Asks for the head of this page until the site is back, then loads it: no sooner than the site wants to be
// asked, ever more seldom, not all visitors at once, and not in the background. A page that fails again when
// it is loaded goes on where the one before it stopped, and after five times leaves it to the visitor; so
// does one that has nowhere to remember them.
const note = $("return"), key = "return:" + location.href, most = 5, longest = 300, day = 86400;
const remembered = () => {
  try {
    const text = sessionStorage.getItem(key) ?? "{}";
    sessionStorage.setItem(key, text);
    return JSON.parse(text);
  } catch {
    return { at: performance.timeOrigin, loads: most };
  }
};
if (note) {
  let { at, loads, pause } = remembered();
  if (!(Math.abs(performance.timeOrigin - at) < 5000)) loads = pause = 0;
  let wanted = Math.min(note.dataset.after, day), due, timer;
  const sleep = () => {
    pause = Math.min(Math.max(pause, wanted, 1), Math.max(longest, wanted));
    due = Date.now() + pause * 1000 * (1 + Math.random() / 2);
    pause *= 1.5;
    arm();
  };
  const arm = () => {
    clearTimeout(timer);
    if (document.hidden || !due) return;
    const left = Math.max(due - Date.now(), Math.random() * 2000);
    timer = setTimeout(ask, left);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
      note.animate([{ width: 0 }, { width: "100%" }], { duration: left, pseudoElement: "::after" });
    }
  };
  const ask = async () => {
    due = 0;
    let back = false;
    try {
      const answer = await fetch(location.href, {
        method: "HEAD", cache: "no-store", redirect: "manual", headers: { "Holdfast-Attempt": "2" },
        signal: AbortSignal.timeout(60000),
      });
      // A redirect is an answer; 501 is one of a server that does not know HEAD.
      back = answer.type === "opaqueredirect" || answer.status < 500 || answer.status === 501;
      wanted = Math.min(Number(answer.headers.get("Retry-After")) || 0, day);
    } catch {}
    if (!back) return sleep();
    note.textContent = note.dataset.back;
    sessionStorage.setItem(key, JSON.stringify({ at: Date.now() + 1000, loads: loads + 1, pause }));
    setTimeout(() => location.reload(), 1000);
  };
  if (loads < most) {
    note.hidden = false;
    document.addEventListener("visibilitychange", arm);
    sleep();
  }
}
}
