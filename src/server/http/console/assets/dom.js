// Elements, made in one place. Whatever a customer or an editor wrote goes in as a text node and can never become markup:
// nothing on these pages parses HTML.

/** Makes an element. `props`: `class`, `on` (event → function), `data`, `vars` (CSS custom properties); others are attributes. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") Object.entries(value).forEach(([event, handler]) => element.addEventListener(event, handler));
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "vars") Object.entries(value).forEach(([key, number]) => element.style.setProperty(`--${key}`, number));
  else element.setAttribute(name, value === true ? "" : value);
}

export const $ = (id) => document.getElementById(id);

/** What somebody else wrote: isolated, so that its direction marks end where it ends. */
export const said = (text, tag = "bdi", props = {}) => h(tag, { dir: "auto", class: "said", ...props }, text);

/** Puts new text in only where it differs: what is being read or selected does not flicker. */
export function retext(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `parent` be `items`, in order, keeping the element of a known key. `make(item)` gives an element with
 * an `update(item)` method of its own.
 */
export function keyed(parent, items, keyOf, make) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    const element = old.get(key) ?? make(item);
    old.delete(key);
    element.dataset.key = key;
    element.update(item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  old.forEach((element) => element.remove());
}

/** A level bar for a number in 0..1; `mark` draws the place it had to reach. */
export function bar(level, { mark, kind = "", name } = {}) {
  const clamp = (number) => Math.min(1, Math.max(0, number || 0));
  const vars = { level: clamp(level) };
  if (mark !== undefined) vars.mark = clamp(mark);
  const role = name ? { role: "img", "aria-label": name } : { "aria-hidden": "true" };
  return h("span", { class: `level ${kind}`, vars, ...role }, mark === undefined ? null : h("i"));
}

export const empty = (title, next) => h("div", { class: "empty" }, h("strong", null, title), h("p", null, next));
