// The service, as the pages see it. The only file that knows the shapes of the wire (proto3 JSON: enums by name, defaults left
// out, durations as "0.012s").

const PATIENCE = 15_000;

/** What went wrong with a request. `lost`: the service could not be reached. */
export class Trouble extends Error {
  constructor(message, { remedy = "", reason = "", lost = false } = {}) {
    super(message);
    Object.assign(this, { remedy, reason, lost });
  }
}

async function call(path, body) {
  const init = { signal: AbortSignal.timeout(PATIENCE), headers: { accept: "application/json" }, cache: "no-store" };
  if (body) Object.assign(init, { method: "POST", body: JSON.stringify(body) });
  if (body) init.headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(path, init);
  } catch {
    tell("lost");
    throw new Trouble("", { lost: true });
  }
  const reply = await response.json().catch(() => null);
  tell("ok");
  if (!response.ok) throw problem(response.status, reply);
  return reply ?? {};
}

/** Whether the service can be reached: the frame of the page shows it. */
const tell = (link) => dispatchEvent(new CustomEvent("firstline:link", { detail: link }));

function problem(status, reply) {
  const error = reply?.error ?? reply ?? {};
  const reason = error.reason ?? error.details?.find((detail) => detail.reason)?.reason ?? "";
  return new Trouble(error.message ?? `HTTP ${status}`, { reason, remedy: error.remedy ?? "" });
}

const bare = (name, prefix) => (name ?? "").replace(`${prefix}_`, "").toLowerCase();
const millis = (duration) => Number.parseFloat(duration ?? "0") * 1000;

// ---- Chat -------------------------------------------------------------------------------------------------------------------

/** Asks as a customer would. `content` is `{ text }` or `{ choice: { clarifyId, optionId } }`. */
export async function ask({ requestId, conversationId, channel, hint, content, dry }) {
  const message = { requestId, conversationId, channel, languageHint: hint, ...content };
  const reply = await call("/admin/ask", { message, explain: "EXPLAIN_LEVEL_FULL", dryRun: dry });
  return decision(reply.decision ?? {});
}

function decision(raw) {
  return {
    id: raw.decisionId ?? "",
    action: bare(raw.action, "ACTION"),
    mode: bare(raw.mode, "AUTOMATION_MODE"),
    language: raw.language ?? "und",
    urgency: { class: bare(raw.urgency?.class, "PRIORITY_CLASS"), reasons: raw.urgency?.reasons ?? [] },
    say: (raw.say ?? []).map((out) => ({ text: out.text ?? "", options: out.options ?? [], system: out.author === "AUTHOR_SYSTEM" })),
    parts: (raw.parts ?? []).map(part),
    bundle: raw.bundle ?? {},
    timings: timings(raw.timings ?? {}),
    ticket: raw.ticket && ticket(raw.ticket),
  };
}

function part(raw) {
  const outcome = ["answer", "clarify", "route", "smallTalk"].find((name) => raw[name]) ?? "nothing";
  const why = raw.explanation ?? {};
  return {
    text: raw.text ?? "",
    outcome,
    reason: bare(raw.reason, "REASON"),
    answer: raw.answer && { id: raw.answer.articleId, revision: raw.answer.articleRevision ?? "", title: raw.answer.title ?? "", probability: raw.answer.probability ?? 0 },
    clarify: raw.clarify?.clarifyId ?? "",
    route: raw.route && { queue: raw.route.queue ?? "", class: bare(raw.route.class, "PRIORITY_CLASS"), outcome: bare(raw.route.outcome, "ROUTE_OUTCOME") },
    guarantee: guarantee(raw.answer?.guarantee),
    candidates: (why.candidates ?? []).map(candidate),
    intents: (why.intents ?? []).map(({ intent, probability = 0 }) => ({ intent, probability })),
    evidence: (why.evidence ?? []).map(({ name, value = 0, contribution = 0 }) => ({ name, value, contribution })),
    threshold: why.threshold ?? 0,
    rule: why.rule ?? "",
    tokens: why.tokens ?? 0,
    truncated: why.truncated ?? false,
  };
}

function candidate(raw) {
  const { articleId: id, articleRevision: revision = "", matchedQuestion: matched = "" } = raw;
  const { probability = 0, dense = 0, lexical = 0, intent = 0 } = raw;
  return { id, revision, matched, probability, dense, lexical, intent };
}

const guarantee = (raw) => raw && { state: bare(raw.state, "GUARANTEE_STATE") || "none", note: raw.note ?? "" };

function timings(raw) {
  const stages = ["queue", "tokenize", "encode", "retrieve", "decide"].map((name) => [name, millis(raw[name])]);
  return { total: millis(raw.total), held: millis(raw.held), stages, encodings: raw.encodings ?? 0 };
}

// ---- Queues -----------------------------------------------------------------------------------------------------------------

export async function desk() {
  const [queues, tickets] = await Promise.all([call("/admin/queues"), call("/admin/tickets")]);
  const waiting = (tickets.tickets ?? []).map(ticket);
  return { modes: modes(queues), queues: (queues.queues ?? []).map(queue), waiting };
}

const modes = (raw) => [
  { channel: "", language: "", mode: bare(raw.mode, "AUTOMATION_MODE") },
  ...(raw.modes ?? []).map(({ channel = "", language = "", mode }) => ({ channel, language, mode: bare(mode, "AUTOMATION_MODE") })),
];

const queue = (raw) => ({
  name: raw.queue,
  counts: Object.fromEntries((raw.waiting ?? []).map((depth) => [bare(depth.class, "PRIORITY_CLASS"), depth.tickets ?? 0])),
  oldest: raw.oldestWait === undefined ? null : Date.now() - millis(raw.oldestWait),
  agents: raw.agents ?? 0,
});

/** `since` is by this machine's clock, whatever the service's says. */
const ticket = (raw) => ({
  id: raw.ticketId,
  queue: raw.queue ?? "",
  class: bare(raw.class, "PRIORITY_CLASS"),
  since: Date.parse(raw.enqueuedAt) + (raw.asOf ? Date.now() - Date.parse(raw.asOf) : 0),
  position: raw.position,
  channel: raw.channel ?? "",
  language: raw.language ?? "",
  reason: bare(raw.whyNotBot, "REASON"),
  words: raw.lastWords ?? "",
});

// ---- Knowledge --------------------------------------------------------------------------------------------------------------

export const articles = () => call("/admin/articles");
export const article = (id) => call(`/admin/articles/${encodeURIComponent(id)}`);

export async function status() {
  const raw = await call("/admin/status");
  return { ...raw, mode: bare(raw.mode, "AUTOMATION_MODE"), guarantee: raw.guarantee && { ...guarantee(raw.guarantee), sentence: raw.sentence }, bundle: raw.bundle ?? {} };
}
