"use strict";
// Around htmx's swaps: what a reader has opened or scrolled stays so, and a panel says when the console is silent.
(function () {
  let kept = null;

  function lost(panel, is) {
    const note = panel && panel.querySelector(".lost");
    if (note) note.hidden = !is;
  }

  function failed(event) {
    lost(event.detail.elt.closest("section"), true);
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const panel = event.detail.target;
    kept = {
      open: Array.from(panel.querySelectorAll("details[open]"), (details) => details.id),
      scroll: Array.from(panel.querySelectorAll(".scroll"), (box) => [box.scrollLeft, box.scrollTop]),
      id: panel.id,
    };
  });
  document.addEventListener("htmx:afterSwap", () => {
    const panel = kept && document.getElementById(kept.id);
    if (!panel) return;
    kept.open.forEach((id) => {
      const details = document.getElementById(id);
      if (details) details.open = true;
    });
    panel.querySelectorAll(".scroll").forEach((box, at) => {
      if (kept.scroll[at]) [box.scrollLeft, box.scrollTop] = kept.scroll[at];
    });
  });
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => document.addEventListener(name, failed));

  // A page that nobody sees asks nothing.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden) event.preventDefault();
  });
})();
