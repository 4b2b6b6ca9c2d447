// Small ways of building elements. Text is always text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

// Han text in an English page (and the other way round) needs its own language for its glyphs.
export function langOf(text) {
  return /[\u3400-\u9fff]/.test(text) ? "zh-CN" : "en";
}

// E.164 in the groups that people of that country read it in.
const GROUPS = [
  [/^(\+44)(20)(\d{4})(\d{4})$/, "$1 $2 $3 $4"],
  [/^(\+44)(\d{4})(\d{6})$/, "$1 $2 $3"],
  [/^(\+86)(1\d{2})(\d{4})(\d{4})$/, "$1 $2 $3 $4"],
  [/^(\+86)(21)(\d{4})(\d{4})$/, "$1 $2 $3 $4"],
];

export function readable(number) {
  const found = GROUPS.find(([form]) => form.test(number));
  return found ? number.replace(found[0], found[1]) : number;
}

export function clock(at) {
  const time = new Date(at);
  return time.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

export function clockWithSeconds(at) {
  return new Date(at).toLocaleTimeString("en-GB");
}
