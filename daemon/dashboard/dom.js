// Elements made of text, never of markup: what comes from lamd cannot become a script.

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Keeps an element for each item by its key, so that focus and selection outlive an update; `draw` gives its children,
// which replace the old ones only when `sign` of the item has changed.
export function reconcile(container, items, key, tag, sign, draw) {
  const known = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let place = container.firstElementChild;
  for (const item of items) {
    const name = key(item);
    let element = known.get(name);
    known.delete(name);
    if (!element) {
      element = h(tag);
      element.dataset.key = name;
    }
    if (element === place) place = place.nextElementSibling;
    else container.insertBefore(element, place);
    const now = sign(item);
    if (element.dataset.sign !== now) {
      element.dataset.sign = now;
      element.replaceChildren(...draw(item));
    }
  }
  for (const gone of known.values()) gone.remove();
}

export function show(id, isShown) {
  document.getElementById(id).hidden = !isShown;
}
