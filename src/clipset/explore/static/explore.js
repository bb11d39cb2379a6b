// What the pages do by themselves: live numbers, previews, keys. They work without it, but for these.
"use strict";

const HOVER_MS = 120;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

// dark and light
function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", root.dataset.theme); } catch { /* then only for this page */ }
}

// the dashboard, as the server draws it; a tab that nobody sees keeps none of the browser's few connections
function follow(live) {
  let stream = listen(live);
  document.addEventListener("visibilitychange", () => {
    stream.close();
    if (!document.hidden) stream = listen(live);
  });
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

function listen(live) {
  const stream = new EventSource(live.dataset.events);
  stream.addEventListener("dashboard", (event) => {
    const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    live.innerHTML = JSON.parse(event.data);
    if (focused) one(`a[href="${CSS.escape(focused)}"]`, live)?.focus({ preventScroll: true });
    one("#link").hidden = true;
    countDown();
  });
  stream.addEventListener("trouble", (event) => {
    const text = document.createElement("p");
    text.setAttribute("role", "status");
    text.textContent = JSON.parse(event.data);
    live.replaceChildren(text);
  });
  stream.addEventListener("error", () => { one("#link").hidden = false; });
  return stream;
}

function countDown() {
  for (const time of all("[data-until]")) {
    const left = Math.max(0, Math.round((Date.parse(time.dataset.until) - Date.now()) / 1000));
    const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
    time.textContent = "in " + parts.map((part) => String(part).padStart(2, "0")).join(":");
  }
}

// clips: a preview under the pointer or the focus, the clip itself on a click
let waiting = null;

function video(card, kind, testid) {
  const made = document.createElement("video");
  made.src = `/${kind}/${card.dataset.clipId}`;
  made.dataset.testid = testid;
  made.playsInline = made.autoplay = true;
  return made;
}

function drop(shown) {
  shown.pause();
  shown.removeAttribute("src");
  shown.load(); // ends the request
  shown.remove();
}

function preview(card) {
  if (card.dataset.state !== "done" || one("video", card) || !card.isConnected) return;
  const shown = video(card, "preview", "preview");
  shown.muted = shown.loop = true;
  shown.addEventListener("error", () => shown.remove());
  one(".picture", card).append(shown);
}

function soon(card) {
  clearTimeout(waiting);
  waiting = setTimeout(preview, HOVER_MS, card);
}

function unpreview(card) {
  clearTimeout(waiting);
  const shown = one("[data-testid=preview]", card);
  if (shown && !card.matches(":hover, :focus-within")) drop(shown);
}

function play(card) {
  if (card.dataset.state !== "done") return;
  const known = one("[data-testid=player]", card);
  if (known) {
    if (known.paused) known.play(); else known.pause();
    return;
  }
  clearTimeout(waiting);
  all(".card video").forEach(drop);
  const shown = video(card, "media", "player");
  shown.controls = true;
  one(".picture", card).append(shown);
}

const cardOf = (event) => (event.target instanceof Element ? event.target.closest(".card") : null);
addEventListener("mouseover", (event) => { const card = cardOf(event); if (card) soon(card); });
addEventListener("mouseout", (event) => {
  const card = cardOf(event);
  if (card && !card.contains(event.relatedTarget)) unpreview(card);
});
addEventListener("focusin", (event) => { const card = cardOf(event); if (card) soon(card); });
addEventListener("focusout", (event) => { const card = cardOf(event); if (card) setTimeout(unpreview, 0, card); });
addEventListener("click", (event) => {
  const card = cardOf(event);
  if (card && event.target.closest(".picture") && event.target.dataset.testid !== "player") play(card);
  if (event.target.closest("#theme")) switchTheme();
  if (event.target.closest("#help")) one("#keys").showModal();
});

// keys
const columns = () => {
  const cards = all(".card");
  return Math.max(1, cards.filter((card) => card.offsetTop === cards[0].offsetTop).length);
};

function move(step) {
  const places = all(".card").length ? all(".card") : all("[data-row] td:first-child a");
  if (!places.length) return;
  const now = places.findIndex((place) => place.contains(document.activeElement));
  places[now < 0 ? 0 : Math.min(places.length - 1, Math.max(0, now + step))].focus();
}

const KEYS = {
  "/": () => { const field = one("input[type=search]"); if (field) { field.focus(); field.select(); } },
  "?": () => one("#keys").showModal(),
  t: switchTheme,
  j: () => move(1),
  k: () => move(-1),
  ArrowRight: () => move(1),
  ArrowLeft: () => move(-1),
  ArrowDown: () => move(columns()),
  ArrowUp: () => move(-columns()),
};

function onCard(card, event) {
  const player = one("[data-testid=player]", card);
  switch (event.key) {
    case "Enter": one("a.open", card).click(); return true;
    case " ": play(card); return true;
    case "Escape": if (player) drop(player); return true;
    default: return false;
  }
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || one("dialog[open]")) return;
  const target = event.target;
  if (target.matches("input, select, textarea")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  const player = one("video.player");
  const card = target.matches(".card") ? target : null;
  let done = card ? onCard(card, event) : false;
  if (!done && player && event.key === " " && !target.matches("video, a, button")) {
    if (player.paused) player.play(); else player.pause();
    done = true;
  }
  const scrolls = event.key.startsWith("Arrow") && (!one(".card, [data-row]") || target.matches("video"));
  if (!done && !scrolls && Object.hasOwn(KEYS, event.key)) {
    KEYS[event.key]();
    done = true;
  }
  if (done) event.preventDefault();
});

const live = one("#live");
if (live) follow(live);
countDown();
setInterval(countDown, 1000);
