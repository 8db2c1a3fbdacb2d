// Queues: who waits, for what, how long. Looks again every two seconds while somebody can see it; between looks the waits
// count up by this machine's clock.
import { $, empty, h, keyed, retext, said } from "./dom.js";
import { number, t, tongue, wait, word } from "./i18n.js";
import { desk } from "./api.js";

const EVERY = 2_000;
const TICK = 1_000;
/** Rows of the list: whoever stands further behind is counted. */
const SHOWN = 200;
const CLASSES = ["urgent", "high", "normal", "low"];

let state = null;
let only = null; // the queue whose list is shown; null for all
let shown = false;
let timer = 0;

async function look() {
  clearTimeout(timer);
  try {
    state = await desk();
    draw();
  } catch {
    // The frame says that the service is gone; what was last known stays.
  }
  clearTimeout(timer);
  if (shown && !document.hidden) timer = setTimeout(look, EVERY);
}

function tick() {
  if (!shown || document.hidden) return;
  for (const element of document.querySelectorAll("#queues [data-since]")) retext(element, wait(Date.now() - Number(element.dataset.since)));
}

// ---- Drawing ----------------------------------------------------------------------------------------------------------------

function draw() {
  if (!state) return;
  const urgent = state.waiting.filter((ticket) => ticket.class === "urgent").length;
  retext($("queues-sum"), t(state.waiting.length ? "queues.sum" : "queues.sum.none", { n: state.waiting.length, urgent }));
  keyed($("modes"), state.modes, (mode) => `${mode.channel}/${mode.language}`, modeOf);
  if (state.queues.length) keyed($("cards"), state.queues, (queue) => queue.name, card);
  else $("cards").replaceChildren(empty(t("queues.none"), t("queues.none.next")));
  list();
}

function modeOf() {
  const element = h("span", { class: "pill" });
  element.update = ({ channel, language, mode }) => {
    element.className = `pill mode ${mode}`;
    const where = [channel, language && tongue(language)].filter(Boolean).join(" · ");
    retext(element, (where || t(state.modes.length > 1 ? "mode.else" : "mode.everywhere")) + t("colon") + word("mode", mode));
  };
  return element;
}

/** An element whose text is a wait that counts up; nothing where nobody waits. */
function since(element, moment) {
  if (moment === null) delete element.dataset.since;
  else element.dataset.since = moment;
  retext(element, moment === null ? "–" : wait(Date.now() - moment));
}

function card({ name }) {
  const [total, chips, oldest, agents] = [h("b"), h("p", { class: "chips" }), h("b"), h("span")];
  const pick = () => {
    only = only === name ? null : name;
    draw();
  };
  const element = h("button", { type: "button", class: "card", on: { click: pick } },
    h("span", { class: "name" }, name),
    h("span", { class: "total" }, total, " ", h("small", { data: { t: "queues.waiting" } }, t("queues.waiting"))),
    chips,
    h("span", { class: "card-foot" }, h("span", null, h("span", { data: { t: "queues.oldest" } }, t("queues.oldest")), " ", oldest), agents));
  element.update = (queue) => {
    const counts = CLASSES.map((name) => ({ name, count: queue.counts[name] ?? 0 })).filter(({ count }) => count);
    retext(total, number(counts.reduce((sum, { count }) => sum + count, 0)));
    keyed(chips, counts, (one) => one.name, chip);
    since(oldest, queue.oldest);
    retext(agents, t(queue.agents ? "queues.agents" : "queues.agents.none", { n: queue.agents }));
    agents.className = queue.agents ? "" : "warn";
    element.setAttribute("aria-pressed", String(only === queue.name));
  };
  return element;
}

function chip() {
  const element = h("span");
  element.update = ({ name, count }) => {
    element.className = `class ${name}`;
    retext(element, `${number(count)} ${word("class", name)}`);
  };
  return element;
}

function list() {
  const tickets = only ? state.waiting.filter((ticket) => ticket.queue === only) : [...state.waiting].sort(nextFirst);
  $("all-queues").hidden = !only;
  retext($("waiting-title"), only ? t("queues.list.of", { queue: only }) : t("queues.list"));
  if (!tickets.length) return $("waiting").replaceChildren(empty(t("queues.empty"), t("queues.empty.next")));
  if (!$("waiting-rows")) $("waiting").replaceChildren(...table());
  keyed($("waiting-rows"), tickets.slice(0, SHOWN), (ticket) => ticket.id, row);
  const more = tickets.length - SHOWN;
  retext($("waiting-more"), more > 0 ? t("queues.more", { n: more }) : "");
}

/** Over all queues: the class first, then the age, as each queue orders its own. */
const nextFirst = (a, b) => CLASSES.indexOf(a.class) - CLASSES.indexOf(b.class) || a.since - b.since;

const COLUMNS = ["class", "queue", "place", "waited", "words", "reason"];

function table() {
  const head = COLUMNS.map((name) => h("th", { scope: "col", data: { t: `queues.${name}` } }, t(`queues.${name}`)));
  const rows = h("tbody", { id: "waiting-rows" });
  return [h("table", { class: "list stack" }, h("thead", null, h("tr", null, head)), rows), h("p", { id: "waiting-more", class: "soft" })];
}

function row() {
  const cells = Object.fromEntries(COLUMNS.map((name) => [name, h("td", { class: `col-${name}` })]));
  const [level, waited, words, where] = [h("span"), h("span", { class: "figure" }), said("", "span"), h("small", { class: "soft" })];
  cells.class.append(level);
  cells.waited.append(waited);
  cells.words.append(words, where);
  const element = h("tr", null, Object.values(cells));
  element.update = (ticket) => {
    retext(cells.place, ticket.position ? number(ticket.position) : "–");
    level.className = `class ${ticket.class}`;
    retext(level, word("class", ticket.class));
    retext(cells.queue, ticket.queue);
    since(waited, ticket.since);
    retext(words, ticket.words);
    retext(where, [ticket.channel, ticket.language && tongue(ticket.language)].filter(Boolean).join(" · "));
    retext(cells.reason, word("reason", ticket.reason));
  };
  return element;
}

// ---- For the frame ----------------------------------------------------------------------------------------------------------

export function start() {
  setInterval(tick, TICK);
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : shown && look()));
  $("all-queues").addEventListener("click", () => {
    only = null;
    draw();
  });
}

export function show(params) {
  shown = true;
  only = params.get("queue");
  look();
}

export function hide() {
  shown = false;
  clearTimeout(timer);
}

export const redraw = draw;
