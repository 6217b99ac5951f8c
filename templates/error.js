{
const $ = (id) => document.getElementById(id);

// When this page was asked for, by the one clock that the page before it went by too.
const born = Date.now() - performance.now();

const copy = $("copy"), details = $("details");

// Times as the visitor's own clock has them, beside those that a help desk goes by.
for (const time of document.querySelectorAll("time")) {
  const at = new Date(time.dateTime), { lang } = document.documentElement, timeStyle = "short";
  if (details.contains(time)) time.textContent += ` (${at.toLocaleTimeString(lang, { timeStyle })})`;
  else time.textContent = at.toLocaleString(lang, { dateStyle: "full", timeStyle });
}

// Copies what a help desk asks for first.
if (navigator.clipboard) {
  const label = copy.textContent;
  let shown;
  copy.hidden = false;
  copy.onclick = async () => {
    const rows = [...details.children].map((row) => [...row.children].map((cell) => cell.textContent).join(": "));
    const status = $("status")?.textContent ?? document.title;
    try {
      await navigator.clipboard.writeText([status, ...rows].join("\n"));
    } catch {
      return getSelection().selectAllChildren(details);
    }
    copy.textContent = copy.dataset.done;
    clearTimeout(shown);
    shown = setTimeout(() => { copy.textContent = label; }, 3000);
  };
}

// Asks for the head of this page until the site is back, then loads it: no sooner than the site wants to be
// asked, ever more seldom, not all visitors at once, and not in the background. A page that fails again when
// it is loaded goes on where the one before it stopped, and after five times leaves it to the visitor; so
// does one that has nowhere to remember them.
const note = $("return"), wait = $("wait"), key = "return:" + location.href, most = 5, longest = 300, day = 86400;
const remembered = () => {
  try {
    const text = sessionStorage.getItem(key) ?? "{}";
    sessionStorage.setItem(key, text);
    return JSON.parse(text);
  } catch {
    return { at: born, loads: most };
  }
};
if (note) {
  let { at, loads, pause } = remembered();
  if (!(Math.abs(born - at) < 5000)) loads = pause = 0;
  let wanted = Math.min(note.dataset.after, day), due, timer;
  const sleep = () => {
    pause = Math.min(Math.max(pause, wanted, 1), Math.max(longest, wanted));
    due = Date.now() + (pause + Math.random() * Math.min(pause / 2, 60)) * 1000;
    pause *= 1.5;
    arm();
  };
  const arm = () => {
    clearTimeout(timer);
    if (document.hidden || !due) return;
    const left = Math.max(due - Date.now(), Math.random() * 2000);
    timer = setTimeout(ask, left);
    // For who wants no motion, in four steps.
    const easing = matchMedia("(prefers-reduced-motion)").matches ? "steps(4)" : "linear";
    const full = (document.dir === "rtl" ? "-" : "") + "2.5rem";
    const boxShadow = ["0", full].map((width) => `inset ${width} 0 var(--accent)`);
    wait.animate?.({ boxShadow }, { duration: left, easing, fill: "forwards" });
  };
  const ask = async () => {
    due = 0;
    let back = false;
    try {
      const answer = await fetch(location.href, {
        method: "HEAD", cache: "no-store", redirect: "manual", headers: { "Holdfast-Attempt": "2" },
        signal: AbortSignal.timeout?.(60000),
      });
      // A redirect is an answer; 501 is one of a server that does not know HEAD.
      back = answer.type === "opaqueredirect" || answer.status < 500 || answer.status === 501;
      // Seconds, or a date by the server's clock.
      const field = (name) => answer.headers.get(name), after = field("Retry-After");
      const seconds = /^\d+$/.test(after) ? +after : (Date.parse(after) - (Date.parse(field("Date")) || Date.now())) / 1000;
      wanted = Math.min(Math.max(seconds || 0, 0), day);
    } catch {}
    if (back) load(); else sleep();
  };
  const remember = () => {
    try {
      sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), loads: loads + 1, pause }));
      return true;
    } catch {
      note.hidden = true;
    }
  };
  // Not while nobody sees it, nor while somebody is about to copy the details.
  const load = (said) => {
    const marked = getSelection();
    const busy = document.hidden || details.contains(document.activeElement)
      || marked?.isCollapsed === false && marked.containsNode(details, true);
    if (!busy) {
      if (!remember()) return;
      if (said) return location.reload();
      note.classList.add("back");
      note.lastChild.textContent = document.title = note.dataset.back;
    }
    setTimeout(load, 1000, said || !busy);
  };
  if (loads < most) {
    note.hidden = false;
    document.addEventListener("visibilitychange", arm);
    sleep();
  }
}
}
