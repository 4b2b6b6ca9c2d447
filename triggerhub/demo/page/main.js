// Holds the page's state, draws it, and does what is pressed.

import { $, clock, el } from "./dom.js";
import { drawHappened } from "./happened.js";
import { answerSubject, drawMailbox } from "./mailbox.js";
import { drawPhone } from "./phone.js";
import { listen, send } from "./wire.js";
import { WORDS } from "./words.js";

const asked = new URLSearchParams(location.search);
const kept = 60;

const view = {
  language: chosenLanguage(),
  theme: chosenTheme(),
  company: { name: "", name_zh: "" },
  people: [],
  person: null,
  channel: "sms",
  folder: "in",
  openMail: null,
  allTexts: {},
  allMails: {},
  happened: [],
  news: new Set(),
  seen: new Set(),
  mailboxes: [],
  online: false,
  get t() {
    return WORDS[this.language];
  },
  get texts() {
    return this.allTexts[this.person.key] || [];
  },
  get mails() {
    return this.allMails[this.person.key] || [];
  },
};

function chosenLanguage() {
  const wanted = asked.get("lang") || localStorage.getItem("demo.lang") || navigator.language;
  return wanted.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function chosenTheme() {
  const wanted = asked.get("theme") || localStorage.getItem("demo.theme");
  if (wanted === "dark" || wanted === "light") return wanted;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

// --- drawing --------------------------------------------------------------------------------

function drawWords() {
  const root = document.documentElement;
  root.lang = view.language === "zh" ? "zh-CN" : "en";
  root.dataset.theme = view.theme;
  document.title = `${view.t.title} · Trigger Center`;
  for (const node of document.querySelectorAll("[data-t]")) {
    node.textContent = view.t[node.dataset.t];
  }
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", view.t[node.dataset.label]);
  }
  for (const node of document.querySelectorAll("[data-hint]")) {
    node.placeholder = view.t[node.dataset.hint];
  }
  $("lang").textContent = view.t.otherLang;
  $("lang").lang = view.language === "zh" ? "en" : "zh-CN";
  $("theme").textContent = view.theme === "dark" ? view.t.toLight : view.t.toDark;
  drawPeople();
  drawLine();
}

function drawPeople() {
  const options = view.people.map((person) => {
    const name = person.key === "stranger" ? `${person.name} (${view.t.stranger})` : person.name;
    const chosen = person.key === view.person.key;
    return el("option", { value: person.key, selected: chosen }, name);
  });
  $("person").replaceChildren(...options);
}

function drawLine() {
  $("net").textContent = view.online ? view.t.network : view.t.offline;
  $("phone-time").textContent = clock(Date.now());
}

function draw() {
  if (!view.person) return;
  drawPhone(view);
  drawMailbox(view);
  drawHappened(view);
}

// Several frames in one tick are drawn once.
let due = false;
function drawSoon() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    draw();
  });
}

// --- what comes in --------------------------------------------------------------------------

function put(all, key, item) {
  const list = (all[key] = all[key] || []);
  const index = list.findIndex((old) => old.id === item.id);
  if (index >= 0) list[index] = item;
  else list.push(item);
}

function take(frame) {
  if (frame.kind === "state") takeState(frame);
  else if (frame.kind === "text") {
    put(view.allTexts, frame.person, frame.item);
    const mine = frame.person === view.person.key && frame.item.channel === view.channel;
    if (!frame.item.mine && !mine) view.news.add(`${frame.person}/${frame.item.channel}`);
  } else if (frame.kind === "mail") put(view.allMails, frame.person, frame.item);
  else if (frame.kind === "happened") {
    view.happened.push(frame.item);
    view.happened.splice(0, view.happened.length - kept);
  }
  drawSoon();
}

function takeState(frame) {
  view.company = frame.company;
  view.people = frame.people;
  view.allTexts = frame.texts;
  view.allMails = frame.mails;
  view.happened = frame.happened;
  if (!view.person) {
    const wanted = asked.get("as");
    const fits = (person) => (wanted ? person.key === wanted : person.language === view.language);
    bePerson(frame.people.find(fits) || frame.people[0]);
  }
  $("to").replaceChildren(...frame.mailboxes.map((box) => el("option", {}, box)));
  $("to").value = view.person.mailbox;
  drawWords();
}

function bePerson(person) {
  view.person = person;
  view.openMail = null;
  $("to").value = person.mailbox;
}

// --- what is pressed ------------------------------------------------------------------------

let sayTimer = 0;
function say(text, bad) {
  const line = $("say");
  line.textContent = text;
  line.classList.toggle("bad", Boolean(bad));
  line.hidden = false;
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => (line.hidden = true), bad ? 8000 : 3000);
}

async function trySending(path, body) {
  try {
    return await send(path, body);
  } catch (error) {
    const why = error.message;
    say(why ? view.t.failed.replace("{why}", why) : view.t.unreachable, true);
    return null;
  }
}

async function sendText(event) {
  event.preventDefault();
  const text = $("sms-text").value.trim();
  if (!text || !view.person) return;
  $("sms-text").value = "";
  const { channel } = view;
  if (!(await trySending("sms", { person: view.person.key, channel, text }))) {
    $("sms-text").value ||= text;
  }
}

async function sendMail(event) {
  event.preventDefault();
  if (!view.person) return;
  const open = view.mails.find((mail) => mail.id === view.openMail && !mail.mine);
  const body = {
    person: view.person.key,
    subject: $("subject").value.trim(),
    text: $("mail-text").value.trim(),
    proven: $("proven").value === "yes",
  };
  if (!body.subject) return $("subject").focus();
  if (!body.text) return $("mail-text").focus();
  if (open) body.reply_to = open.id;
  else body.to = $("to").value;
  const button = event.submitter;
  if (button) button.disabled = true;
  const done = await trySending("mail", body);
  if (button) button.disabled = false;
  if (done) {
    $("mail-text").value = "";
    if (!open) $("subject").value = "";
    say(view.t.sent);
  }
}

async function play(name) {
  const body = { person: view.person.key };
  if (name === "rush-hour") body.count = Number($("rush-count").value);
  const done = await trySending(`scenario/${name}`, body);
  if (!done) return;
  say(name === "rush-hour" ? view.t.rushOn.replace("{n}", done.sent) : view.t.sent);
}

function openMail(id) {
  view.openMail = id;
  view.seen.add(id);
  const mail = view.mails.find((item) => item.id === id);
  if (mail && !mail.mine) $("subject").value = answerSubject(mail.subject);
  draw();
}

function newMail() {
  view.openMail = null;
  $("subject").value = "";
  draw();
  $("subject").focus();
}

function press(event) {
  const target = event.target.closest("button");
  if (!target) return;
  const { play: name, channel, folder, mail } = target.dataset;
  if (name && view.person) play(name);
  if (channel) {
    view.channel = channel;
    view.news.delete(`${view.person.key}/${channel}`);
    draw();
    $("thread").scrollTop = $("thread").scrollHeight;
  }
  if (folder) {
    view.folder = folder;
    draw();
  }
  if (mail) openMail(mail);
}

function remember(key, value) {
  localStorage.setItem(`demo.${key}`, value);
  drawWords();
  draw();
}

document.addEventListener("click", press);
$("sms-form").addEventListener("submit", sendText);
$("mail-form").addEventListener("submit", sendMail);
$("new-mail").addEventListener("click", newMail);
$("sms-text").addEventListener("keydown", (event) => {
  // Enter that confirms Chinese input is not meant for us.
  if (event.key === "Enter" && event.isComposing) event.preventDefault();
});
$("proven").addEventListener("change", (event) => {
  event.target.classList.toggle("no", event.target.value === "no");
});
$("person").addEventListener("change", (event) => {
  bePerson(view.people.find((person) => person.key === event.target.value));
  draw();
});
$("lang").addEventListener("click", () => {
  view.language = view.language === "zh" ? "en" : "zh";
  remember("lang", view.language);
});
$("theme").addEventListener("click", () => {
  view.theme = view.theme === "dark" ? "light" : "dark";
  remember("theme", view.theme);
});

drawWords();
listen(take, (online) => {
  view.online = online;
  drawLine();
});
setInterval(drawLine, 20_000);
