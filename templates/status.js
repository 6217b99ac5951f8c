{
const $ = (id) => document.getElementById(id);
const every = 30000, again = $("again"), live = $("live"), box = again.firstElementChild;
const title = () => document.querySelector("h1").textContent;
let timer, last = Date.now();

// Puts the news in the place of what is shown, and leaves what the reader has opened and where they are.
const show = (page) => {
  const stops = () => [...document.querySelectorAll("main :is(summary, [tabindex], a)")];
  const before = title(), main = $("main"), held = stops().indexOf(document.activeElement);
  const states = new Map([...main.querySelectorAll("details")].map((fold) => [fold.id, fold.open]));
  const regions = [...main.querySelectorAll(".scroll")].map((region) => region.scrollLeft);
  main.replaceWith(page.getElementById("main"));
  for (const [id, open] of states) if ($(id)) $(id).open = open;
  document.querySelectorAll("main .scroll").forEach((region, at) => { region.scrollLeft = regions[at] ?? 0; });
  stops()[held]?.focus({ preventScroll: true });
  document.title = page.title;
  live.textContent = before === title() ? "" : title();
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
  if (box.checked && !document.hidden) timer = setTimeout(refresh, Math.max(0, last + every - Date.now()));
};

again.hidden = false;
box.onchange = arm;
document.addEventListener("visibilitychange", arm);
arm();
}
