// Chat: what would the bot say, and (in why.js) why.
import { $, empty, h, keyed, retext, said } from "./dom.js";
import { millis, t, word } from "./i18n.js";
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
  const content = turn.choice ? { choice: turn.choice } : { text: { text: turn.words } };
  try {
    turn.decision = await ask({ requestId: turn.id, conversationId: turn.conversation, ...turn, content });
    turn.state = "done";
  } catch ({ message, remedy, lost }) {
    Object.assign(turn, { state: "failed", trouble: { message, remedy, lost } });
  }
  save();
  draw();
}

function typed(event) {
  event?.preventDefault();
  const words = $("words").value;
  const bytes = new TextEncoder().encode(words).length;
  $("words").setCustomValidity(bytes > MAX_BYTES ? t("chat.toolong", { n: bytes, max: MAX_BYTES }) : "");
  if (!words.trim() || !$("words").reportValidity()) return;
  $("words").value = "";
  submit(words);
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
  $("words").focus();
}

// ---- Drawing ----------------------------------------------------------------------------------------------------------------

function draw() {
  const log = $("log");
  const items = session.turns.flatMap((turn, at) => (turn.conversation === session.turns[at - 1]?.conversation ? [turn] : [{ divider: turn }, turn]));
  if (!items.length) log.replaceChildren(welcome());
  else keyed(log, items, (item) => item.id ?? `divider ${item.divider.id}`, make);
  if (items.length && session.turns.at(-1).conversation !== session.conversation) log.append(divider($("channel").value));
  log.scrollTop = log.scrollHeight;
  const chosen = session.turns.find((turn) => turn.id === session.selected);
  $("why").replaceChildren(...explain(chosen, claim));
}

function divider(channel) {
  const line = h("p", { class: "divider" });
  line.update = () => retext(line, t("chat.divider", { channel }));
  line.update();
  return line;
}

function make(item) {
  if (item.divider) return divider(item.divider.channel);
  const element = h("article", { class: "turn" });
  element.update = (turn) => {
    element.classList.toggle("selected", turn.id === session.selected);
    element.replaceChildren(customer(turn), ...reply(turn));
  };
  return element;
}

const customer = (turn) => said(turn.words, "p", { class: "said bubble customer" });

function reply(turn) {
  if (turn.state === "waiting") return [h("p", { class: "bubble bot soft pending" }, t("chat.thinking"))];
  if (turn.state === "failed") return [failure(turn)];
  const { say, mode } = turn.decision;
  const bubbles = say.map((message) => said(message.text, "p", { class: `said bubble bot${message.system ? " system" : ""}` }));
  if (!say.length) bubbles.push(h("p", { class: "silent" }, t(mode && mode !== "on" ? "chat.silent.mode" : "chat.silent")));
  return [...bubbles, ...choices(turn), verdict(turn)];
}

/** The options of a question back: they can be tapped while it is the last word of the conversation. */
function choices(turn) {
  const options = turn.decision.say.flatMap((message) => message.options);
  const clarifyId = turn.decision.parts.find((part) => part.clarify)?.clarify;
  if (!options.length) return [];
  const open = turn === session.turns.at(-1) && turn.conversation === session.conversation;
  const button = ({ optionId, label }) =>
    h("button", { type: "button", disabled: !open, on: { click: () => tapped(label, { clarifyId, optionId }) } }, said(label));
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
  return h("button", { class: "verdict-line", type: "button", "aria-pressed": String(turn.id === session.selected), on: { click: pick } }, text);
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
  $("words").addEventListener("input", () => $("words").setCustomValidity(""));
  $("fresh").addEventListener("click", restart);
  $("channel").addEventListener("change", restart);
  addEventListener("firstline:library", () => session.turns.length || draw());
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
  if (asked) {
    $("words").value = asked;
    history.replaceState(null, "", "/chat");
  }
  if (!matchMedia("(pointer: coarse)").matches) $("words").focus();
}

export const hide = () => {};
export const redraw = draw;
