// What pages do beyond being read: follow the facts, filter the list, show numbers under the pointer.
// Without it everything can still be read.
"use strict";

// ---- Live: parts of the page are taken from the server again when something has changed.

const EVERY = 5000;
let known = null;

function parts(root) {
  return root.querySelectorAll("[data-live][id], #catching");
}

// What a reader has opened or is at stays as it is.
function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const open = new Map([...old.querySelectorAll("details[id]")].map((details) => [details.id, details.open]));
  for (const details of fresh.querySelectorAll("details[id]")) {
    if (open.has(details.id)) details.open = open.get(details.id);
  }
  if (old.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return;
  const at = document.activeElement;
  const place = old.contains(at) ? [...old.querySelectorAll("a, button, summary, [tabindex]")].indexOf(at) : -1;
  old.replaceWith(fresh);
  if (place >= 0) fresh.querySelectorAll("a, button, summary, [tabindex]")[place]?.focus({ preventScroll: true });
}

async function follow() {
  if (document.hidden || parts(document).length === 0) return;
  const headers = known ? { "If-None-Match": known } : {};
  const answer = await fetch(location.href, { headers, redirect: "manual" });
  if (answer.status !== 200) return;
  const first = known === null;
  known = answer.headers.get("etag");
  // The first answer only tells which moment the page is of.
  if (first && known === null) return;
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
  setInterval(() => follow().catch(() => {}), EVERY);
  document.addEventListener("visibilitychange", () => follow().catch(() => {}));
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

function rowsOf(picture) {
  const table = document.getElementById(picture.closest("[data-hover]").dataset.hover);
  return table ? table.querySelectorAll("tbody tr") : [];
}

function headsOf(picture) {
  const table = document.getElementById(picture.closest("[data-hover]").dataset.hover);
  return [...table.querySelectorAll("thead tr:last-child th")].map((head) => head.textContent);
}

function dayOf(row) {
  return row.querySelector("th").textContent.trim();
}

function point(event) {
  const picture = event.target.closest?.("[data-hover] svg[data-n]");
  if (!picture) {
    tip.hidden = true;
    return;
  }
  const rows = rowsOf(picture);
  const box = picture.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * picture.viewBox.baseVal.width;
  const { x0, x1, n } = picture.dataset;
  const share = (x - Number(x0)) / (Number(x1) - Number(x0));
  const index = Math.max(0, Math.min(Number(n) - 1, Math.round(share * (Number(n) - 1))));
  if (rows.length === 0) return;
  // A point a day; days on which nobody entered have no row.
  const start = Date.parse(dayOf(rows[0]));
  const row = [...rows].findLast((row) => Date.parse(dayOf(row)) <= start + index * 86400000);
  // Each variant has as many cells as every other.
  const cells = [...row.querySelectorAll("td")].map((cell) => cell.textContent.trim());
  const figures = [...picture.closest("[data-hover]").querySelectorAll("figure")];
  const place = figures.indexOf(picture.closest("figure"));
  const each = cells.length / figures.length;
  const heads = headsOf(picture).slice(place * each, (place + 1) * each);
  const day = document.createElement("b");
  day.textContent = dayOf(row);
  tip.replaceChildren(day);
  heads.forEach((head, i) => {
    const line = document.createElement("div");
    line.textContent = `${head}: ${cells[place * each + i]}`;
    tip.append(line);
  });
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
