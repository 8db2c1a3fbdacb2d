// Both languages, equal: every word of the console stands in text-zh.js and text-en.js, under the same keys.
import en from "./text-en.js";
import zh from "./text-zh.js";

const TABLES = { en, zh };
const LOCALES = { en: "en-GB", zh: "zh-CN" };
const KEPT = "firstline.language";

let language = remembered() ?? (navigator.language?.toLowerCase().startsWith("zh") ? "zh" : "en");

function remembered() {
  const kept = keep(KEPT);
  return kept in TABLES ? kept : undefined;
}

/** Reads, or with a value writes, what this browser remembers; a browser that remembers nothing is no error. */
export function keep(key, value) {
  try {
    if (value === undefined) return localStorage.getItem(key);
    localStorage.setItem(key, value);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
  return value;
}

export const current = () => language;

export function choose(next) {
  language = keep(KEPT, next);
  document.documentElement.lang = LOCALES[language];
}

/** The text of a key with `{name}`s filled in; `{n}` also picks the singular `key.one` where a language has it. */
export function t(key, values = {}) {
  const table = TABLES[language];
  const text = (values.n === 1 && table[`${key}.one`]) || table[key] || key;
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === "number" ? number(values[name]) : (values[name] ?? "")));
}

/** The text of a key as the label of what follows it. */
export const label = (key) => t(key) + t("colon");

/** The text of `group.name`, or the name itself where nobody has put it into words yet. */
export const word = (group, name) => TABLES[language][`${group}.${name}`] ?? name ?? "";

/** The one of `{zh, en}` that fits, or the other one. */
export const either = (both) => both?.[language] || both?.en || both?.zh || "";

export function translate(root) {
  for (const [attribute, target] of [["t", null], ["tLabel", "aria-label"], ["tPlaceholder", "placeholder"]]) {
    for (const element of root.querySelectorAll(`[data-${attribute.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}]`)) {
      const text = t(element.dataset[attribute]);
      if (target) element.setAttribute(target, text);
      else element.textContent = text;
    }
  }
}

const format = (value, options) => new Intl.NumberFormat(LOCALES[language], options).format(value);
const unit = (value, name, digits = 0) =>
  format(value, { style: "unit", unit: name, unitDisplay: name === "millisecond" ? "short" : "narrow", maximumFractionDigits: digits });

export const number = (value) => format(value, { maximumFractionDigits: 0 });
export const decimal = (value, digits = 2) => format(value ?? 0, { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const signed = (value) => format(value ?? 0, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });
export const percent = (value) => format(value, { style: "percent", maximumFractionDigits: 0 });
export const millis = (ms) => unit(ms, "millisecond", ms < 10 ? 2 : ms < 100 ? 1 : 0);

/** How long somebody has waited: two units, the seconds as long as they matter. */
export function wait(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  if (hours) return `${unit(hours, "hour")} ${unit(minutes, "minute")}`;
  return minutes ? `${unit(minutes, "minute")} ${unit(seconds % 60, "second")}` : unit(seconds, "second");
}

export const clock = (ms) => new Intl.DateTimeFormat(LOCALES[language], { timeStyle: "short" }).format(new Date(ms));
export const day = (date) =>
  new Intl.DateTimeFormat(LOCALES[language], { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));
export const tongue = (code) => new Intl.DisplayNames([LOCALES[language]], { type: "language", fallback: "code" }).of(code);
