/** Elements made and changed in place, so that focus, selection and open details survive an update. */

export const byId = (id) => document.getElementById(id);

/** What shows nothing, or turns the text around it: the same that no terminal is sent (core's terminal-text.ts). */
const UNSEEN = /(?![\n\r\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Names, tags and outputs are others' text: such characters are shown as `\uXXXX`. */
function visible(text) {
  return text.replace(UNSEEN, (one) =>
    Array.from(one.split(''), (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** An element with attributes and children; text children become text. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  const shown = children.filter((child) => child !== null && child !== '');
  element.append(...shown.map((child) => (typeof child === 'string' ? visible(child) : child)));
  return element;
}

export function setText(element, text) {
  const shown = visible(String(text ?? ''));
  if (element.textContent !== shown) element.textContent = shown;
}

export function setFlag(element, name, on) {
  element.toggleAttribute(name, on);
}

/** Makes the children of `parent` show `items`, keeping the element of each key. */
export function showItems(parent, items, keyOf, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    let child = known.get(key);
    if (child === undefined) {
      child = create(item);
      child.dataset.key = key;
    }
    known.delete(key);
    update(child, item);
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  }
  for (const gone of known.values()) gone.remove();
}

export const part = (element, name) => element.querySelector(`.${name}`);
