// Forms and lists change in place (htmx fetches the page and takes its main part).
// What htmx leaves to the page: where the focus goes, what is said to who listens,
// and answers that are no page of this console.
"use strict";

const said = document.getElementById("said");

if (said) {
  const tell = (text, bad) => {
    said.textContent = text;
    said.classList.toggle("bad", Boolean(bad));
  };

  document.addEventListener("htmx:beforeRequest", () => {
    // One has to know when two refusals of the same words follow each other.
    tell(said.dataset.busy);
    main().setAttribute("aria-busy", "true");
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const answer = event.detail;
    if (!answer.serverResponse.includes('id="main"')) {
      answer.shouldSwap = false;
      tell(answer.xhr.status + " " + said.dataset.odd, true);
    }
  });

  document.addEventListener("htmx:afterSettle", () => {
    const here = main();
    const wrong = here.querySelector("[aria-invalid=true]") || here.querySelector("[role=alert]");
    // What was refused speaks for itself, as an alert; else the page says what was done.
    const done = here.querySelector("[data-say]");
    tell(wrong ? "" : done ? done.textContent.trim() : said.dataset.done);
    if (wrong) {
      focus(wrong);
    } else if (!here.contains(document.activeElement)) {
      focus(here);
    }
  });

  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () => tell(said.dataset.away, true));
  }
  document.addEventListener("htmx:afterRequest", () => main().removeAttribute("aria-busy"));
}

function main() {
  return document.getElementById("main");
}

function focus(element) {
  if (!element.matches("a, button, input, select, textarea, [tabindex]")) {
    element.setAttribute("tabindex", "-1");
  }
  element.focus();
}
