{
const $ = (id) => document.getElementById(id);
const again = $("again"), live = $("live"), box = again.firstElementChild;
const title = () => document.querySelector("h1").textContent;
const every = () => $("main").dataset.every * 1000;
let timer, last = Date.now();

// Times as they are where the reader is. What is said to the second names its zone; the day is named where it matters.
const localise = () => {
  const now = new Date();
  for (const time of document.querySelectorAll("main time")) {
    const at = new Date(time.dateTime), utc = time.textContent, exact = utc.endsWith("UTC");
    if (Number.isNaN(+at)) continue;
    const day = /\d-\d/.test(utc) || (exact && at.toDateString() !== now.toDateString());
    const names = { day: "numeric", month: "short" }, to = { second: "2-digit", timeZoneName: "short" };
    time.title = utc;
    time.textContent = at.toLocaleString("en-GB", { hour: "2-digit", minute: "2-digit", ...(day && names), ...(exact && to) });
  }
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  if (timeZone) $("zone").textContent = `All times are in ${timeZone}.`;
};

// Puts the news in the place of what is shown, and leaves what the reader has opened and where they are.
const show = (page) => {
  const stops = () => [...document.querySelectorAll("main :is(summary, [tabindex], a, input)")];
  const before = title(), main = $("main"), held = stops().indexOf(document.activeElement);
  const states = new Map([...main.querySelectorAll("details")].map((fold) => [fold.id, fold.open]));
  const regions = [...main.querySelectorAll(".scroll")].map((region) => region.scrollLeft);
  main.replaceWith(page.getElementById("main"));
  localise();
  for (const [id, open] of states) if ($(id)) $(id).open = open;
  pick();
  document.querySelectorAll("main .scroll").forEach((region, at) => { region.scrollLeft = regions[at] ?? 0; });
  stops()[held]?.focus({ preventScroll: true });
  document.title = page.title;
  live.textContent = before === title() ? "" : title();
};

// The span that the reader picked, also after a reload.
const pick = () => {
  const picked = $(history.state?.span);
  if (picked) picked.checked = true;
};

const refresh = async () => {
  last = Date.now();
  // Not under a selection: somebody is about to copy a command.
  if (getSelection().isCollapsed) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(20000) });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) throw answer;
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      live.textContent = "Could not be refreshed";
    }
  }
  arm();
};

const arm = () => {
  clearTimeout(timer);
  if (box.checked && !document.hidden) timer = setTimeout(refresh, Math.max(0, last + every() - Date.now()));
};

again.hidden = false;
box.onchange = arm;
document.addEventListener("change", ({ target }) => {
  if (target.name === "span") history.replaceState({ span: target.id }, "");
});
document.addEventListener("visibilitychange", arm);
localise();
pick();
arm();
}
