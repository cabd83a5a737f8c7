// What pages do beyond being read: follow the facts, filter the list, show numbers under the pointer.
// Without it everything can still be read.
"use strict";

// ---- Live: parts of the page are taken from the server again when something has changed.

const EVERY = 5000;
let known = document.body.dataset.moment;

function parts(root) {
  return root.querySelectorAll("[data-live][id]");
}

// What a reader has opened, scrolled to or is at stays as it is.
function renew(old, fresh) {
  const open = new Map([...old.querySelectorAll("details[id]")].map((details) => [details.id, details.open]));
  for (const details of fresh.querySelectorAll("details[id]")) {
    if (open.has(details.id)) details.open = open.get(details.id);
  }
  if (old.isEqualNode(fresh)) return;
  const at = document.activeElement;
  const isWithin = old.contains(at);
  if (isWithin && at.matches("input, select, textarea")) return;
  const reached = "a, button, summary, [tabindex]";
  const place = isWithin ? [...old.querySelectorAll(reached)].indexOf(at) : -1;
  const scrolled = [...old.querySelectorAll(".scroll")].map((part) => [part.scrollLeft, part.scrollTop]);
  old.replaceWith(fresh);
  fresh.querySelectorAll(".scroll").forEach((part, i) => part.scrollTo(...(scrolled[i] ?? [0, 0])));
  if (place >= 0) fresh.querySelectorAll(reached)[place]?.focus({ preventScroll: true });
}

let told = "";

// What a reader must know of the renewing itself.
function tell(text) {
  const notice = document.getElementById("catching");
  if (!notice || text === told) return;
  told = text;
  notice.textContent = text;
  notice.hidden = text === "";
}

async function follow() {
  if (document.hidden || parts(document).length === 0) return;
  const headers = known ? { "If-None-Match": known } : {};
  const answer = await fetch(location.href, { headers, redirect: "manual" });
  // The way to sign in: whoever reads on must know that nothing is renewed.
  if (answer.type === "opaqueredirect") return tell(document.body.dataset.stale);
  if (answer.status === 304) return tell("");
  // A refusal that passes by itself is a page to show; any other is left for who loads the page again.
  if (answer.status !== 200 && !(answer.status === 503 && document.getElementById("problem"))) return;
  tell("");
  known = answer.headers.get("etag");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = new Map([...parts(page)].map((part) => [part.id, part]));
  for (const old of parts(document)) {
    const part = fresh.get(old.id);
    if (part) renew(old, document.adoptNode(part));
    else old.remove();
    fresh.delete(old.id);
  }
  // A part that was not there before needs its place: the whole page is read again.
  if (fresh.size > 0) location.reload();
  filter();
}

if (location.protocol.startsWith("http")) {
  const lost = () => tell(document.body.dataset.stale);
  setInterval(() => follow().catch(lost), EVERY);
  document.addEventListener("visibilitychange", () => follow().catch(lost));
}

// ---- The filter over the list.

const form = document.querySelector("[data-filter]");

function filter() {
  if (!form) return;
  const list = document.getElementById(form.dataset.filter);
  const text = form.elements.text.value.trim().toLowerCase();
  const status = form.elements.status.value;
  let shown = 0;
  for (const row of list.querySelectorAll("tbody tr")) {
    const fits =
      (!status || row.dataset.status === status) && row.querySelector("th").textContent.toLowerCase().includes(text);
    row.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  list.querySelector("[data-none]").hidden = shown > 0;
  const asked = new URLSearchParams();
  if (text) asked.set("filter", form.elements.text.value.trim());
  if (status) asked.set("status", status);
  history.replaceState(null, "", asked.size > 0 ? `?${asked}` : location.pathname);
}

if (form) {
  const asked = new URLSearchParams(location.search);
  form.hidden = false;
  form.elements.text.value = asked.get("filter") ?? "";
  form.elements.status.value = asked.get("status") ?? "";
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  filter();
}

// ---- Numbers under the pointer, read from the table beside the picture.

const tip = document.createElement("div");
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true");
document.body.append(tip);

function text(element) {
  return element.textContent.trim();
}

// Lines for the pictures of one metric by day: a row a day, as many cells for each variant.
function linesOfDays(picture, table, index) {
  // A point a day; days on which nobody entered have no row.
  const rows = [...table.querySelectorAll("tbody tr")];
  const dayOf = (row) => text(row.querySelector("th"));
  const day = Date.parse(dayOf(rows[0])) + index * 86400000;
  const row = rows.findLast((row) => Date.parse(dayOf(row)) <= day);
  const figures = [...picture.closest("[data-hover]").querySelectorAll("figure")];
  const place = figures.indexOf(picture.closest("figure"));
  const mine = (all) => all.slice((place * all.length) / figures.length, ((place + 1) * all.length) / figures.length);
  const cells = mine([...row.querySelectorAll("td")]);
  const heads = mine([...table.querySelectorAll("thead tr:last-child th")]);
  return [dayOf(row), ...heads.map((head, i) => `${text(head)}: ${text(cells[i])}`)];
}

// Lines for a picture of several arms: a row for each arm and day on which somebody was lost.
function linesOfSteps(table, index) {
  const last = new Map();
  for (const row of table.querySelectorAll("tbody tr")) {
    const [arm, , , share, interval] = [...row.querySelectorAll("td")].map(text);
    const day = Number(text(row.querySelector("th")));
    if (!last.has(arm)) last.set(arm, `${arm}: 100 %`);
    if (day <= index) last.set(arm, `${arm}: ${share} (${interval})`);
  }
  const name = text(table.querySelectorAll("thead th")[1]);
  return [`${name} ${index}`, ...last.values()];
}

function point(event) {
  const picture = event.target.closest?.("[data-hover] svg[data-n]");
  const table = picture && document.getElementById(picture.closest("[data-hover]").dataset.hover);
  if (!table || table.querySelector("tbody tr") === null) {
    tip.hidden = true;
    return;
  }
  const box = picture.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * picture.viewBox.baseVal.width;
  const [x0, x1, n] = [picture.dataset.x0, picture.dataset.x1, picture.dataset.n].map(Number);
  const index = Math.max(0, Math.min(n - 1, Math.round(((x - x0) / (x1 - x0)) * (n - 1))));
  const isSteps = picture.classList.contains("chart-steps");
  const [title, ...lines] = isSteps ? linesOfSteps(table, index) : linesOfDays(picture, table, index);
  const head = document.createElement("b");
  head.textContent = title;
  tip.replaceChildren(head);
  for (const line of lines) {
    const row = document.createElement("div");
    row.textContent = line;
    tip.append(row);
  }
  tip.hidden = false;
  const width = tip.offsetWidth;
  const left = event.clientX + 14 + width > innerWidth ? event.clientX - 14 - width : event.clientX + 14;
  move(Math.max(4, left), Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4));
}

// The policy forbids styles in the page's text, not those that a script sets.
function move(left, top) {
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}

document.addEventListener("pointermove", point);
document.addEventListener("pointerdown", point);
