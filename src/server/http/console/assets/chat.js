// Chat: what would the bot say, and (in why.js) why.
import { $, empty, h, keyed, retext, said } from "./dom.js";
import { current, millis, t, word } from "./i18n.js";
import { ask } from "./api.js";
import { samples } from "./knowledge.js";
import { explain } from "./why.js";

const KEPT = "firstline.session";
const KEEP_TURNS = 60;
const MAX_BYTES = 8192;
const CHANNELS = ["web", "app", "wechat", "feishu", "mail"];

let session = { conversation: fresh(), turns: [], selected: null };
let claim = null; // what the service says of its gate where a decision says nothing

function fresh() {
  return `console-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
}

// ---- The session: kept while the tab lives ----------------------------------------------------------------------------------

function recall() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    if (Array.isArray(kept?.turns)) session = kept;
  } catch {
    // Nothing kept, or not ours: a new session.
  }
  for (const turn of session.turns) if (turn.state === "waiting") turn.state = "failed";
}

function save() {
  session.turns = session.turns.slice(-KEEP_TURNS);
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(session));
  } catch {
    // No room or no storage: the session lasts as long as the page.
  }
}

// ---- Asking -----------------------------------------------------------------------------------------------------------------

function submit(words, choice) {
  const [channel, hint, dry] = [$("channel").value, $("hint").value, $("dry").checked];
  const turn = { id: fresh(), conversation: session.conversation, words, choice, channel, hint, dry };
  session.turns.push(turn);
  send(turn);
}

async function send(turn) {
  Object.assign(turn, { state: "waiting", trouble: null });
  session.selected = turn.id;
  draw();
  toEnd();
  const content = turn.choice ? { choice: turn.choice } : { text: { text: turn.words } };
  try {
    turn.decision = await ask({ requestId: turn.id, conversationId: turn.conversation, ...turn, content });
    turn.state = "done";
  } catch ({ message, remedy, lost }) {
    Object.assign(turn, { state: "failed", trouble: { message, remedy, lost } });
  }
  save();
  draw();
  toEnd();
}

function typed(event) {
  event?.preventDefault();
  const words = $("words").value;
  if (!words.trim() || measure()) return;
  $("words").value = "";
  submit(words);
}

/** Says where a message is longer than the doors take; true if it is. */
function measure() {
  const n = new TextEncoder().encode($("words").value).length;
  const over = n > MAX_BYTES;
  retext($("limit"), over ? t("chat.toolong", { n, max: MAX_BYTES }) : "");
  return over;
}

function keyed_in(event) {
  const words = $("words");
  // While an input method is composing, Enter belongs to it.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) typed(event);
  const last = session.turns.findLast((turn) => !turn.choice);
  if (event.key === "ArrowUp" && !words.value && last) words.value = last.words;
}

function restart() {
  session.conversation = fresh();
  draw();
  toEnd();
  $("words").focus();
}

// ---- Drawing ----------------------------------------------------------------------------------------------------------------

function draw() {
  const log = $("log");
  const items = session.turns.flatMap((turn, at) => (turn.conversation === session.turns[at - 1]?.conversation ? [turn] : [{ divider: turn }, turn]));
  if (!items.length) log.replaceChildren(welcome());
  else keyed(log, items, (item) => item.id ?? `divider ${item.divider.id}`, make);
  if (items.length && session.turns.at(-1).conversation !== session.conversation) log.append(divider($("channel").value));
  const chosen = session.turns.find((turn) => turn.id === session.selected);
  $("why").replaceChildren(...explain(chosen, claim));
}

const toEnd = () => ($("log").scrollTop = $("log").scrollHeight);

function divider(channel) {
  const line = h("p", { class: "divider" });
  line.update = () => retext(line, t("chat.divider", { channel }));
  line.update();
  return line;
}

function make(item) {
  if (item.divider) return divider(item.divider.channel);
  const element = h("article", { class: "turn" });
  let drawn;
  element.update = (turn) => {
    const look = [turn.state, isOpen(turn), current()].join();
    // Drawn again only where it looks different: the focus and a selection stay where they are.
    if (look !== drawn) element.replaceChildren(customer(turn), ...reply(turn));
    drawn = look;
    element.querySelector(".verdict-line")?.setAttribute("aria-pressed", String(turn.id === session.selected));
  };
  return element;
}

/** Whether it is the last word of the conversation, so that its options can still be tapped. */
const isOpen = (turn) => turn === session.turns.at(-1) && turn.conversation === session.conversation;

const customer = (turn) => said(turn.words, "p", { class: "said bubble customer" });

function reply(turn) {
  if (turn.state === "waiting") return [h("p", { class: "bubble bot soft pending" }, t("chat.thinking"))];
  if (turn.state === "failed") return [failure(turn)];
  const { say, mode } = turn.decision;
  const bubbles = say.map((message) => said(message.text, "p", { class: `said bubble bot${message.system ? " system" : ""}` }));
  if (!say.length) bubbles.push(h("p", { class: "silent" }, t(mode && mode !== "on" ? "chat.silent.mode" : "chat.silent")));
  return [...bubbles, ...choices(turn), verdict(turn)];
}

function choices(turn) {
  const options = turn.decision.say.flatMap((message) => message.options);
  const clarifyId = turn.decision.parts.find((part) => part.clarify)?.clarify;
  if (!options.length) return [];
  const button = ({ optionId, label }) =>
    h("button", { type: "button", disabled: !isOpen(turn), on: { click: () => tapped(label, { clarifyId, optionId }) } }, said(label));
  return [h("div", { class: "choices" }, options.map(button))];
}

function tapped(label, choice) {
  submit(label, choice);
  $("words").focus();
}

function verdict(turn) {
  const { action, timings } = turn.decision;
  const pick = () => {
    session.selected = turn.id;
    draw();
    // Below each other on a narrow screen: go there.
    if (matchMedia("(max-width: 60rem)").matches) $("why").scrollIntoView({ block: "start" });
  };
  const text = [h("b", { class: `tag ${action}` }, word("action", action)), ` ${millis(timings.total)} · `, h("span", { class: "link" }, t("chat.why"))];
  return h("button", { class: "verdict-line", type: "button", on: { click: pick } }, text);
}

function failure(turn) {
  const { message, remedy, lost } = turn.trouble ?? { lost: true };
  const words = lost ? t("chat.lost") : [message, remedy].filter(Boolean).join(" ");
  const again = h("button", { type: "button", class: "quiet", on: { click: () => send(turn) } }, t("chat.retry"));
  return h("div", { class: "trouble", role: "alert" }, h("strong", null, t("chat.failed")), h("p", null, words), again);
}

function welcome() {
  const words = [...samples(), t("chat.person")];
  const button = (text) => h("button", { type: "button", on: { click: () => submit(text) } }, said(text));
  const block = empty(t("chat.empty"), t("chat.empty.next"));
  block.append(h("div", { class: "choices" }, words.map(button)));
  return block;
}

// ---- For the frame ----------------------------------------------------------------------------------------------------------

export function start() {
  recall();
  $("channel").append(...CHANNELS.map((name) => h("option", null, name)));
  $("composer").addEventListener("submit", typed);
  $("words").addEventListener("keydown", keyed_in);
  $("words").addEventListener("input", measure);
  $("fresh").addEventListener("click", restart);
  $("channel").addEventListener("change", restart);
  addEventListener("firstline:library", draw);
}

export function follow(status) {
  claim = status.guarantee ?? null;
  const channels = status.channels?.length ? status.channels : CHANNELS;
  if ([...$("channel").options].map((option) => option.value).join() === channels.join()) return;
  $("channel").replaceChildren(...channels.map((name) => h("option", null, name)));
}

export function show(params) {
  const asked = params.get("ask");
  draw();
  toEnd();
  if (asked) {
    $("words").value = asked;
    history.replaceState(null, "", "/chat");
  }
  if (!matchMedia("(pointer: coarse)").matches) $("words").focus();
}

export const hide = () => {};
export const redraw = draw;
