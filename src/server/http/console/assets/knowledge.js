// Knowledge: which articles exist, in what health. The list is fetched again when the served revision changes.
import { $, empty, h, said } from "./dom.js";
import { day, either, label, number, t, tongue, word } from "./i18n.js";
import { article, articles } from "./api.js";

const HEALTH = ["well", "warning", "error", "failing", "dated", "draft"];
const SEVERITIES = ["error", "warning", "info"];

let list = null;
let broken = [];
let revision = null;
let open = null; // the article whose row is open
const details = new Map();

async function load() {
  try {
    const reply = await articles();
    list = (reply.articles ?? []).map((raw) => ({ ...raw, health: health(raw) }));
    broken = reply.diagnostics ?? [];
    details.clear();
    dispatchEvent(new Event("firstline:library"));
    draw();
    fill();
  } catch {
    revision = null; // The frame says that the service is gone; the next look tries again.
  }
}

const today = () => new Date().toISOString().slice(0, 10);

/** The worst thing to be said of an article. */
function health(raw) {
  if (raw.draft) return "draft";
  if (raw.validUntil && raw.validUntil <= today()) return "dated";
  if (raw.validFrom && raw.validFrom > today()) return "dated";
  if (raw.errors) return "error";
  if (raw.testsFailed) return "failing";
  return raw.warnings || (raw.reviewBy && raw.reviewBy < today()) ? "warning" : "well";
}

/** The title of an article, or its id where the list is not here (yet). */
export const titleOf = (id) => list?.find((one) => one.id === id)?.title ?? id;

/** A few titles to try in Chat: any articles that answer, half of them in each language. */
export function samples() {
  const answering = (list ?? []).filter((one) => one.handling === "answer" && one.health === "well");
  const some = (language) => answering.filter((one) => one.language === language).slice(0, 2);
  return [...some("zh"), ...some("en")].map((one) => one.title);
}

// ---- The table --------------------------------------------------------------------------------------------------------------

function fits(one) {
  const words = $("search").value.trim().toLowerCase().split(/\s+/);
  const text = [one.id, one.title, one.intent, one.queue, one.file].join(" ").toLowerCase();
  const language = $("kb-language").value;
  const wanted = $("kb-health").value;
  return words.every((piece) => text.includes(piece)) && (!language || one.language === language) && (!wanted || one.health === wanted);
}

const COLUMNS = ["article", "intent", "handling", "questions", "tests", "health", "validity"];

function draw() {
  if (!list) return;
  options();
  unserved();
  const rows = list.filter(fits);
  $("kb-sum").textContent = t("kb.sum", { shown: rows.length, n: list.length });
  if (!rows.length) return $("articles").replaceChildren(list.length ? empty(t("kb.empty"), t("kb.empty.next")) : empty(t("kb.none"), t("kb.none.next")));
  const head = COLUMNS.map((name) => h("th", { scope: "col", class: `col-${name}` }, t(`kb.${name}`)));
  const bodies = rows.map((one) => h("tbody", { class: one.id === open ? "open" : "" }, row(one), one.id === open && detailRow(one)));
  $("articles").replaceChildren(h("table", { class: "list stack" }, h("thead", null, h("tr", null, head)), bodies));
}

function options() {
  const languages = [...new Set(list.map((one) => one.language))].sort();
  const present = HEALTH.filter((name) => list.some((one) => one.health === name));
  refill($("kb-language"), languages.map((code) => [code, tongue(code)]));
  refill($("kb-health"), present.map((name) => [name, t(`health.${name}`)]));
}

function refill(select, entries) {
  const chosen = select.value;
  select.replaceChildren(h("option", { value: "" }, t("kb.any")), ...entries.map(([value, text]) => h("option", { value }, text)));
  select.value = entries.some(([value]) => value === chosen) ? chosen : "";
}

function row(one) {
  const toggle = h("button", { type: "button", class: "row-open", "aria-expanded": String(one.id === open), on: { click: () => pick(one.id === open ? null : one.id) } }, said(one.title));
  const cell = (name, ...content) => h("td", { class: `col-${name}`, data: { label: t(`kb.${name}`) } }, content);
  return h("tr", null,
    cell("article", toggle, h("small", { class: "soft" }, h("code", null, one.id), ` · ${tongue(one.language)}`)),
    cell("intent", h("code", null, one.intent)),
    cell("handling", handling(one)),
    cell("questions", h("span", { class: "figure" }, number(one.questions ?? 0))),
    cell("tests", tests(one)),
    cell("health", ...state(one)),
    cell("validity", validity(one)));
}

function handling(one) {
  const risky = one.risk && one.risk !== "none";
  return [h("span", { class: `tag ${one.handling}` }, word("handling", one.handling)), risky ? h("small", { class: "soft" }, word("risk", one.risk)) : null];
}

function tests({ testsPassed: passed = 0, testsFailed: failed = 0 }) {
  if (!passed && !failed) return h("span", { class: "soft" }, "–");
  return h("span", { class: failed ? "figure warn" : "figure" }, `${number(passed)}/${number(passed + failed)}`);
}

/** The health in a word, and what was found; where the word would only repeat the first count, the count alone. */
function state(one) {
  const found = [["error", one.errors], ["warning", one.warnings], ["info", one.infos]].filter(([, n]) => n);
  const counts = found.map(([name, n]) => t(`count.${name}`, { n }));
  const word = found[0]?.[0] === one.health ? counts.shift() : t(`health.${one.health}`);
  return [h("span", { class: `health ${one.health}` }, word), counts.length > 0 && h("small", { class: "soft" }, counts.join(" · "))];
}

function validity(one) {
  const lines = [];
  if (one.validFrom && one.validFrom > today()) lines.push(t("kb.from", { date: day(one.validFrom) }));
  if (one.validUntil) lines.push(t(one.validUntil <= today() ? "kb.expired" : "kb.until", { date: day(one.validUntil) }));
  if (one.reviewBy) lines.push(t(one.reviewBy < today() ? "kb.overdue" : "kb.review", { date: day(one.reviewBy) }));
  return (lines.length ? lines : [t("kb.always")]).map((line) => h("small", { class: "soft" }, line));
}

// ---- One article ------------------------------------------------------------------------------------------------------------

async function pick(id) {
  open = id;
  draw();
  document.querySelector(`tbody.open .row-open`)?.focus();
  await fill();
}

/** Fetches the open article where it is not here: just opened, or changed by a release. */
async function fill() {
  const id = open;
  if (!id || details.has(id)) return;
  try {
    details.set(id, await article(id));
  } catch {
    return;
  }
  if (open === id) document.querySelector("tbody.open .detail")?.replaceChildren(...detail(details.get(id)));
}

function detailRow(one) {
  const known = details.get(one.id);
  return h("tr", { class: "detail-row" }, h("td", { colspan: COLUMNS.length }, h("div", { class: "detail" }, known ? detail(known) : null)));
}

function detail(full) {
  const block = (name, ...content) => h("section", null, h("h3", null, t(`kb.${name}`)), content);
  const ask = (text) => h("li", null, h("a", { href: `/chat?ask=${encodeURIComponent(text)}`, title: t("kb.try") }, said(text)));
  const more = (full.sections ?? []).map((section) => h("details", null, h("summary", null, said(section.heading)), said(section.markdown, "div", { class: "said prose" })));
  return [
    h("div", null,
      block(full.handling === "route" ? "note" : "answer", said(full.answer ?? "", "div", { class: "said prose" })),
      more.length ? block("more", more) : null,
      block("findings", findings(full.diagnostics ?? []))),
    h("div", null,
      block("questions", h("ul", { class: "plain" }, (full.questions ?? []).map(ask))),
      (full.tests ?? []).length ? block("tests", h("ul", { class: "plain" }, full.tests.map(test))) : null,
      h("p", { class: "soft" }, label("kb.file"), h("code", null, full.file ?? ""), full.queue ? ` · ${t("kb.queue", { queue: full.queue })}` : "")),
  ];
}

/** A test; whether it passed is only known once the model has asked it. */
const test = ({ ask, passed, expect }) =>
  h("li", { class: passed === undefined ? "" : passed ? "pass" : "fail" }, said(ask), expect ? h("small", { class: "soft" }, ` → ${word("handling", expect)}`) : null);

function findings(items) {
  if (!items.length) return h("p", { class: "soft" }, t("kb.clean"));
  const rank = (item) => SEVERITIES.indexOf(item.severity);
  return h("ul", { class: "findings" }, [...items].sort((a, b) => rank(a) - rank(b)).map(finding));
}

const finding = (item) =>
  h("li", { class: item.severity },
    h("p", null, h("b", null, `${word("severity", item.severity)} ${item.code} `), said(either(item.message))),
    either(item.remedy) && h("p", null, h("b", null, label("kb.remedy")), said(either(item.remedy))),
    h("code", { class: "soft" }, [item.file, item.line, item.column].filter(Boolean).join(":")));

function unserved() {
  const summary = h("summary", null, t("kb.unserved", { n: broken.length }));
  $("unserved").replaceChildren(...(broken.length ? [h("details", { class: "unserved", open: true }, summary, findings(broken))] : []));
}

// ---- For the frame ----------------------------------------------------------------------------------------------------------

export function start() {
  $("filters").addEventListener("submit", (event) => event.preventDefault());
  $("search").addEventListener("input", draw);
  $("kb-language").addEventListener("change", draw);
  $("kb-health").addEventListener("change", draw);
}

/** What is served now; another revision than the one shown is fetched. */
export function follow(served) {
  const now = served ?? "unknown";
  if (now === revision) return;
  revision = now;
  load();
}

export async function show(params) {
  const wanted = params.get("article");
  if (wanted) for (const id of ["search", "kb-language", "kb-health"]) $(id).value = "";
  if (!list) await load();
  if (wanted) {
    await pick(wanted);
    document.querySelector("tbody.open")?.scrollIntoView({ block: "center" });
  } else draw();
}

export const hide = () => {};
export const redraw = draw;
