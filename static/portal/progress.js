// Shows how much of a file is sent, and how far the work on a submission has come. Everything works without it.
"use strict";

const POLL_MS = 1500;
const SIGNS = { done: "✓", now: "●", later: "○" };

function followWork(card) {
  const told = card.querySelector("[data-told]");
  const show = (state) => {
    for (const step of state.steps) {
      const item = card.querySelector(`[data-step="${step.stage}"]`);
      const name = step.done ? "done" : step.now ? "now" : "later";
      item.dataset.state = name;
      item.toggleAttribute("aria-current", step.now);
      if (step.now) item.setAttribute("aria-current", "step");
      item.querySelector(".step__sign").textContent = SIGNS[name];
    }
    if (state.told) told.textContent = state.told;
  };
  const ask = async () => {
    try {
      const answer = await fetch(card.dataset.progress, { headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) {
        const state = await answer.json();
        show(state);
        if (state.finished) return location.reload();
      }
    } catch {
      // The network is away for a moment: ask again.
    }
    setTimeout(ask, POLL_MS);
  };
  setTimeout(ask, POLL_MS);
}

function sendWithProgress(form) {
  const sending = form.querySelector("[data-sending]");
  const broken = form.querySelector("[data-broken]");
  const button = form.querySelector("button[type=submit]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    const bar = sending.querySelector("progress");
    request.upload.addEventListener("progress", (at) => {
      const percent = at.lengthComputable ? Math.round((100 * at.loaded) / at.total) : 0;
      bar.value = percent;
      sending.querySelector("[data-percent]").textContent = `${percent} %`;
      sending.querySelector("[data-looking]").hidden = percent < 100;
    });
    request.addEventListener("load", () => arrive(request));
    request.addEventListener("error", () => {
      sending.hidden = true;
      broken.hidden = false;
      button.disabled = false;
    });
    request.open("POST", form.action);
    request.send(new FormData(form));
    sending.hidden = false;
    broken.hidden = true;
    button.disabled = true;
  });
}

// A message that is taken in answers with its receipt; a refusal with this page and what was wrong.
function arrive(request) {
  if (request.responseURL && new URL(request.responseURL).pathname !== location.pathname) {
    location.assign(request.responseURL);
    return;
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const main = page.querySelector("main");
  if (!main) return location.reload();
  document.querySelector("main").replaceWith(document.adoptNode(main));
  start();
  document.querySelector("#avvist")?.focus();
}

function start() {
  for (const card of document.querySelectorAll("[data-progress]")) followWork(card);
  for (const form of document.querySelectorAll("form[data-upload]")) sendWithProgress(form);
}

start();
