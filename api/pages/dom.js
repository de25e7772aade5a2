// Creates DOM elements. User input is inserted as text, never as markup.

/** Creates an element; attributes that are null, undefined or false are omitted, `onclick` etc. become listeners. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sends an event to the elements on screen with `data-listens`. Views that are not on screen update when they are
 *  shown again, so that no registration keeps discarded views alive. */
export function broadcast(type, detail) {
  for (const element of document.querySelectorAll("[data-listens]"))
    element.dispatchEvent(new CustomEvent(type, { detail }));
}

const kShapes = {
  home: "M4 11.2 12 4.5l8 6.7V19a1 1 0 0 1-1 1h-4.6v-5.4H9.6V20H5a1 1 0 0 1-1-1z",
  people: "M9 11.2a3.4 3.4 0 1 0 0-6.8 3.4 3.4 0 0 0 0 6.8zM2.8 19.6c.4-3.5 2.9-5.4 6.2-5.4s5.8 1.9 6.2 5.4" +
    "M15.6 4.9a3.3 3.3 0 0 1 0 6M17.4 14.5c2.2.6 3.5 2.4 3.8 5.1",
  person: "M12 11.6a3.9 3.9 0 1 0 0-7.8 3.9 3.9 0 0 0 0 7.8zM4.6 20.2c.5-3.9 3.4-6 7.4-6s6.9 2.1 7.4 6",
  log: "M5 6.5h14M5 12h14M5 17.5h8",
  search: "M10.8 17.6a6.8 6.8 0 1 0 0-13.6 6.8 6.8 0 0 0 0 13.6zM15.8 15.8l4.4 4.4",
  heart: "M12 20.2C6.6 15.9 3.2 12.7 3.2 9 3.2 6.2 5.3 4.1 7.9 4.1c1.7 0 3.2.9 4.1 2.3.9-1.4 2.4-2.3 4.1-2.3 " +
    "2.6 0 4.7 2.1 4.7 4.9 0 3.7-3.4 6.9-8.8 11.2z",
  pen: "M4.5 19.5l.9-4L15.8 5.1a1.6 1.6 0 0 1 2.3 0l.8.8a1.6 1.6 0 0 1 0 2.3L8.5 18.6zM14 7l3 3",
  bin: "M4.8 7h14.4M9.2 7V4.6h5.6V7M6.6 7l.8 12.6h9.2L17.4 7M10.2 10.8v5M13.8 10.8v5",
  leave: "M14 4.5H6.2a1 1 0 0 0-1 1v13a1 1 0 0 0 1 1H14M10.5 12h10M17.2 8.5 20.7 12l-3.5 3.5",
  back: "M10.5 5.5 4 12l6.5 6.5M4.5 12H20",
};

/** A decorative 24 × 24 icon in the text's colour; a button with an icon only needs a label. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", kShapes[name]);
  svg.append(path);
  return svg;
}
