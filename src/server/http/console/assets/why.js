// Why a decision came out as it did: the reason in words, the gate, and everything that was weighed.
import { bar, empty, h, said } from "./dom.js";
import { decimal, either, label, millis, percent, signed, t, tongue, wait, word } from "./i18n.js";
import { titleOf } from "./knowledge.js";

/** The states of the gate in which a probability may be said as a percentage. In every other one it is a bar and a sentence. */
const CLAIMS = new Set(["certified"]);

/** The elements that explain a turn; `claim` is the service's guarantee where a part has none of its own. */
export function explain(turn, claim) {
  const title = h("h2", { id: "why-title" }, t("why.title"));
  const decision = turn?.decision;
  if (!decision || turn.state !== "done") return [title, empty(t("why.empty"), t("why.empty.next")), ...standing(claim)];
  const many = decision.parts.length > 1;
  const parts = decision.parts.map((part, at) => partOf(part, claim, many && t("why.part", { n: at + 1, of: decision.parts.length })));
  return [title, verdict(decision, many), ...parts, time(decision.timings), facts(turn, decision)];
}

/** How the gate stands, and the one sentence that may be said. */
function standing(claim) {
  if (!claim?.sentence) return [];
  return [h("p", { class: "guarantee" }, h("b", { class: `pill ${claim.state}` }, word("guarantee", claim.state)), " ", note(claim.state, claim))];
}

function verdict(decision, many) {
  const first = decision.parts[0];
  const urgent = decision.urgency;
  const lines = [h("strong", null, word("action", decision.action))];
  if (!many && first) lines.push(...outcome(first));
  if (decision.ticket?.position) lines.push(h("p", { class: "soft" }, t("why.ticket", { queue: decision.ticket.queue, n: decision.ticket.position })));
  if (urgent.reasons.length) {
    const reasons = urgent.reasons.map((reason) => h("code", null, reason));
    lines.push(h("p", { class: "chips" }, label("why.urgent"), h("span", { class: `class ${urgent.class}` }, word("class", urgent.class)), reasons));
  }
  return h("div", { class: `verdict ${decision.action}` }, lines);
}

/** What became of one question, and the reason in words. */
function outcome(part) {
  const lines = [h("p", null, word("reason", part.reason))];
  if (part.answer) lines.push(h("p", null, said(t("why.from", { title: part.answer.title || titleOf(part.answer.id) })), " ", link(part.answer)));
  if (part.route) {
    lines.push(h("p", null, t("why.to", { queue: part.route.queue, class: word("class", part.route.class) })));
    if (part.route.outcome && part.route.outcome !== "queued") lines.push(h("p", { class: "soft" }, word("routed", part.route.outcome)));
  }
  return lines;
}

const link = ({ id, revision }) =>
  h("a", { class: "ref", href: `/knowledge?article=${encodeURIComponent(id)}` }, h("code", null, `${id}@${revision.slice(0, 8)}`));

function partOf(part, claim, heading) {
  const head = heading && h("header", { class: `part-head ${part.outcome}` }, h("h3", null, heading, " ", h("b", { class: `tag ${part.outcome}` }, word("action", part.outcome))), said(part.text, "blockquote"), outcome(part));
  const blocks = [gate(part, part.guarantee ?? claim), candidates(part, part.guarantee ?? claim), evidence(part.evidence), intents(part, claim), reading(part)];
  return h("section", { class: "part" }, head, blocks);
}

const block = (name, ...content) => h("section", { class: "block" }, h("h3", null, t(name)), content);

// ---- The gate ---------------------------------------------------------------------------------------------------------------

function gate(part, guarantee) {
  const best = part.answer?.probability || part.candidates[0]?.probability;
  const state = guarantee?.state ?? "none";
  const sentence = h("p", { class: "guarantee" }, h("b", { class: `pill ${state}` }, word("guarantee", state)), " ", note(state, guarantee));
  if (best === undefined || !part.threshold) return block("why.gate", h("p", { class: "soft" }, t("why.gate.none")), sentence);
  const text = t(`why.gate.${stand(part, best)}`);
  const figure = h("div", { class: "gate" }, bar(best, { mark: part.threshold, kind: best >= part.threshold ? "wide passed" : "wide short", name: text }), claimed(best, state));
  return block("why.gate", figure, h("p", null, text), rule(part), sentence);
}

/** The sentence in this page's language for the states it knows; otherwise as the service says it. */
const note = (state, guarantee) => guarantee?.sentence ? either(guarantee.sentence) : (word("note", state) === state ? (guarantee?.note ?? "") : t(`note.${state}`));

function stand(part, best) {
  const reached = best >= part.threshold;
  if (part.outcome === "answer") return reached ? "passed" : "chosen";
  return reached ? "beyond" : "short";
}

const claimed = (probability, state) => (CLAIMS.has(state) ? h("b", null, percent(probability)) : null);

const rule = (part) => part.rule && h("p", { class: "soft" }, label("why.rule"), h("code", null, part.rule));

// ---- What was weighed -------------------------------------------------------------------------------------------------------

function candidates(part, guarantee) {
  if (!part.candidates.length) return null;
  const state = guarantee?.state ?? "none";
  const measure = (name, level, text) => h("div", { class: "measure" }, h("span", null, t(`why.${name}`)), bar(level, name === "right" ? { mark: part.threshold, kind: "right" } : {}), h("span", { class: "figure" }, text));
  const row = (candidate) =>
    h("li", null,
      h("p", { class: "candidate" }, said(titleOf(candidate.id), "strong"), " ", link(candidate)),
      candidate.matched && h("p", { class: "soft clip" }, label("why.matched"), said(candidate.matched)),
      h("div", { class: "measures" },
        measure("right", candidate.probability, claimed(candidate.probability, state)),
        measure("dense", candidate.dense, decimal(candidate.dense)),
        measure("lexical", candidate.lexical, decimal(candidate.lexical)),
        measure("intent", candidate.intent, null)));
  return block("why.candidates", h("ol", { class: "candidates" }, part.candidates.map(row)));
}

function evidence(items) {
  if (!items.length) return null;
  const weight = (item) => Math.abs(item.contribution);
  const sorted = [...items].sort((a, b) => weight(b) - weight(a));
  const most = weight(sorted[0]) || 1;
  const row = ({ name, value, contribution }) =>
    h("tr", null,
      h("th", { scope: "row" }, word("evidence", name)),
      h("td", { class: "figure" }, decimal(value)),
      h("td", null, h("span", { class: `lean ${contribution < 0 ? "against" : "for"}`, vars: { level: Math.abs(contribution) / most }, "aria-hidden": "true" })),
      h("td", { class: "figure" }, signed(contribution)));
  const head = h("tr", { class: "soft" }, h("td"), h("th", { scope: "col" }, t("why.value")), h("td"), h("th", { scope: "col" }, t("why.share")));
  return block("why.evidence", h("p", { class: "soft" }, t("why.evidence.note")), h("table", { class: "evidence" }, h("thead", null, head), h("tbody", null, sorted.map(row))));
}

function intents(part, claim) {
  if (!part.intents.length) return null;
  const row = ({ intent, probability }) => h("li", { class: "measure" }, h("code", null, intent), bar(probability), claimed(probability, claim?.state));
  return block("why.intents", h("ul", { class: "intents" }, part.intents.map(row)));
}

function reading(part) {
  if (!part.tokens) return null;
  const cut = part.truncated && h("p", { class: "warn" }, t("why.truncated"));
  return block("why.read", h("p", { class: "soft" }, t("why.tokens", { n: part.tokens })), cut);
}

// ---- The whole decision -----------------------------------------------------------------------------------------------------

function time({ total, held, stages, encodings }) {
  const rest = Math.max(0, total - stages.reduce((sum, [, ms]) => sum + ms, 0));
  const shown = [...stages, ["rest", rest]].filter(([, ms]) => ms > 0);
  const strip = h("div", { class: "strip", "aria-hidden": "true" }, shown.map(([name, ms]) => h("i", { class: name, vars: { share: ms / total } })));
  const legend = h("ul", { class: "legend" }, shown.map(([name, ms]) => h("li", null, h("i", { class: name }), `${t(`stage.${name}`)} `, h("span", { class: "figure" }, millis(ms)))));
  return block("why.time", h("p", null, h("b", null, millis(total)), encodings ? h("span", { class: "soft" }, ` · ${t("why.encodings", { n: encodings })}`) : null), total > 0 && strip, legend, held > 0 && h("p", { class: "soft" }, t("why.held", { time: wait(held) })));
}

function facts(turn, decision) {
  const { hash = "" } = decision.bundle;
  const rows = [
    ["why.language", tongue(decision.language)],
    ["chat.channel", turn.channel],
    ["why.mode", word("mode", decision.mode)],
    ["why.facts", h("code", null, decision.id)],
    ["why.bundle", hash && h("code", { title: hash }, hash.slice(0, 12))],
  ];
  const list = rows.filter(([, value]) => value).map(([name, value]) => h("div", null, h("dt", null, t(name)), h("dd", null, value)));
  return h("dl", { class: "facts" }, list);
}
