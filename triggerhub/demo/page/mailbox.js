// The mailbox: two folders, one mail open, one being written.

import { $, clock, el, langOf } from "./dom.js";

export function drawMailbox(view) {
  const { person, folder, mails, t } = view;
  $("my-mail").textContent = person.email;
  $("from-addr").textContent = `${person.name} <${person.email}>`;
  const incoming = mails.filter((mail) => !mail.mine);
  const unread = incoming.filter((mail) => !view.seen.has(mail.id)).length;
  $("n-in").textContent = String(unread || incoming.length);
  $("n-in").classList.toggle("new", unread > 0);
  $("n-out").textContent = String(mails.length - incoming.length);
  for (const button of document.querySelectorAll("[data-folder]")) {
    button.setAttribute("aria-pressed", String(button.dataset.folder === folder));
  }
  const shown = mails.filter((mail) => mail.mine === (folder === "out")).reverse();
  const rows = shown.map((mail) => row(mail, view));
  $("mails").replaceChildren(...(rows.length ? rows : [el("li", { class: "empty" }, t.noMails)]));
  drawReading(view);
}

function row(mail, view) {
  const strong = !mail.mine && !view.seen.has(mail.id) ? " unread" : "";
  const who = mail.mine ? mail.to : mail.sender_name;
  const about = el("span", { class: `cut${strong}`, lang: langOf(mail.subject) }, mail.subject);
  about.append(el("span", { class: "t3" }, ` · ${firstWords(mail.text)}`));
  const bad = mail.state === "refused";
  const end = bad ? view.t.refused : clock(mail.at);
  return el(
    "li",
    {},
    el(
      "button",
      { type: "button", "data-mail": mail.id, "aria-current": String(mail.id === view.openMail) },
      el("span", { class: `cut${strong}` }, who),
      about,
      el("span", { class: bad ? "t3 bad" : "t3" }, end),
    ),
  );
}

function drawReading(view) {
  const mail = view.mails.find((item) => item.id === view.openMail);
  const reading = $("reading");
  reading.hidden = !mail;
  const answering = Boolean(mail && !mail.mine);
  $("write-title").textContent = answering ? view.t.reply : view.t.newMail;
  $("to").hidden = answering;
  $("reply-to").hidden = !answering;
  if (!mail) return;
  $("reply-to").textContent = mail.reply_to;
  reading.replaceChildren(
    el(
      "div",
      { class: "row t3" },
      el("span", { class: "cut" }, mail.mine ? mail.to : mail.sender),
      el("span", { class: "end" }, clock(mail.at)),
    ),
    el("h3", { lang: langOf(mail.subject) }, mail.subject),
    el("p", { lang: langOf(mail.text) }, mail.text),
  );
}

export function answerSubject(subject) {
  return /^(re|回复)\s*[:：]/i.test(subject) ? subject : `Re: ${subject}`;
}

function firstWords(text) {
  return text.replace(/\s+/g, " ").slice(0, 90);
}
