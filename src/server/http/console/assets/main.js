// The frame of the three screens: which one is shown, in which language and light, and how the service is doing.
import { $, h, retext } from "./dom.js";
import { choose, current, keep, t, translate, word } from "./i18n.js";
import { status } from "./api.js";
import * as chat from "./chat.js";
import * as queues from "./queues.js";
import * as knowledge from "./knowledge.js";

const VIEWS = { chat, queues, knowledge };
const CALM = 5_000;
const UNEASY = 2_000;

let view;
let known = {};
let link = "ok";

// ---- Screens ----------------------------------------------------------------------------------------------------------------

function show(url, move) {
  const name = url.pathname.slice(1) in VIEWS ? url.pathname.slice(1) : "chat";
  if (move) history.pushState(null, "", url);
  if (view !== name) VIEWS[view]?.hide();
  view = name;
  document.body.dataset.view = name;
  for (const anchor of document.querySelectorAll("nav a")) {
    if (anchor.pathname === `/${name}`) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  document.title = `${t(`nav.${name}`)} · firstline`;
  if (move) scrollTo(0, 0);
  VIEWS[name].show(url.searchParams);
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[href]");
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!anchor || !plain || anchor.origin !== location.origin || anchor.hash) return;
  event.preventDefault();
  show(new URL(anchor.href), true);
});
addEventListener("popstate", () => show(new URL(location.href), false));

// ---- Language and light -----------------------------------------------------------------------------------------------------

function speak(language) {
  choose(language);
  translate(document);
  $("language").textContent = t("nav.language");
  $("language").lang = language === "zh" ? "en" : "zh";
  Object.values(VIEWS).forEach((each) => each.redraw());
  frame();
  if (view) document.title = `${t(`nav.${view}`)} · firstline`;
}

function light(theme) {
  if (theme) document.documentElement.dataset.theme = keep("firstline.theme", theme);
}

const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

$("language").addEventListener("click", () => speak(current() === "zh" ? "en" : "zh"));
$("theme").addEventListener("click", () => light(dark() ? "light" : "dark"));

// ---- The service ------------------------------------------------------------------------------------------------------------

/** The banner, the mode and the footer: what holds on every screen. */
function frame() {
  const state = link === "ok" ? (known.state ?? "ready") : link;
  const banner = $("banner");
  banner.hidden = state === "ready";
  retext(banner, banner.hidden ? "" : t(`link.${state}`));
  $("mode").hidden = !known.mode;
  $("mode").className = `pill mode ${known.mode}`;
  retext($("mode"), known.mode ? word("mode", known.mode) : "");
  const bundle = known.bundle ?? {};
  const facts = [["knowledge", bundle.knowledgeRevision], ["model", bundle.model], ["bundle", bundle.hash], ["version", known.version]];
  $("foot").replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) => fact(t(`foot.${name}`), value)));
}

/** A hash is shown by its beginning; a name stands whole. */
const fact = (name, value) => h("span", { title: value }, `${name} `, h("code", null, value.replace(/[0-9a-f]{13,}/g, (hash) => hash.slice(0, 12))));

addEventListener("firstline:link", ({ detail }) => {
  if (detail !== link) {
    link = detail;
    frame();
  }
});

async function look() {
  if (!document.hidden) {
    try {
      known = await status();
      frame();
      if (known.state !== "starting") knowledge.follow(known.bundle?.knowledgeRevision);
      chat.follow(known);
    } catch {
      // The link event has said so already.
    }
  }
  setTimeout(look, link === "ok" && known.state !== "starting" ? CALM : UNEASY);
}

light(keep("firstline.theme"));
chat.start();
queues.start();
knowledge.start();
speak(current());
show(new URL(location.href), false);
look();
