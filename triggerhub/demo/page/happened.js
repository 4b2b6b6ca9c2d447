// What just happened in the hub, newest last.

import { $, clockWithSeconds, el } from "./dom.js";
import { eventText } from "./words.js";

const SHOWN = 14;

export function drawHappened(view) {
  const rows = view.happened.slice(-SHOWN).map((event) => {
    const words = eventText(event.type, view.language, event.text);
    return el(
      "li",
      { "data-seq": String(event.seq) },
      el("b", { lang: "en" }, event.type),
      [clockWithSeconds(event.at), words].filter(Boolean).join(" · "),
    );
  });
  $("trace").replaceChildren(...rows);
  $("trace").hidden = rows.length === 0;
  $("nothing").hidden = rows.length > 0;
}
