// The phone: one thread a channel, with delivery ticks.

import { $, clock, el, icon, langOf, readable } from "./dom.js";

const SIGNS = { sending: "clock", delivered: "ticks", refused: "warn" };

export function drawPhone(view) {
  const { person, channel, t } = view;
  $("my-phone").textContent = readable(person.phone);
  const company = view.language === "zh" ? view.company.name_zh : view.company.name;
  $("company").textContent = company;
  $("company-mark").textContent = [...company][0] ?? "";
  $("company-number").textContent = readable(person.number);
  for (const button of document.querySelectorAll("[data-channel]")) {
    const own = button.dataset.channel;
    button.setAttribute("aria-pressed", String(own === channel));
    button.classList.toggle("new", own !== channel && view.news.has(`${person.key}/${own}`));
  }
  const thread = $("thread");
  const nearEnd = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 80;
  const shown = view.texts.filter((text) => text.channel === channel);
  const rows = shown.flatMap((text, index) => bubble(text, shown[index + 1], t));
  thread.replaceChildren(...(rows.length ? rows : [el("p", { class: "empty" }, t.noTexts)]));
  if (nearEnd) thread.scrollTop = thread.scrollHeight;
}

function bubble(text, next, t) {
  const said = el(
    "div",
    { class: text.mine ? "pm me" : "pm", lang: langOf(text.text) },
    text.text,
  );
  // One line of state under the last of several in a row.
  if (next && next.mine === text.mine && next.state === text.state) return [said];
  if (!text.mine) return [said, el("div", { class: "pst theirs" }, clock(text.at))];
  const state = el("div", { class: `pst ${text.state}` }, icon(SIGNS[text.state] || "tick"));
  state.append(`${t[text.state]} · ${clock(text.at)}`);
  return [said, state];
}
