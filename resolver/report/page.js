"use strict";
{
  const table = document.getElementById("matrix");
  const form = document.getElementById("controls");
  const shown = document.getElementById("shown");
  const more = document.getElementById("all");
  const control = (id) => document.getElementById(id);

  // More rows than these are laid out only when somebody asks for them: no key shall take longer than a blink.
  // page.css hides the others until this script has run.
  const FEW = 150;
  let limit = FEW;
  let linked = null; // the row that a link led to, which is shown whatever else is

  // Every row once, as values, in the order of the table: typing in the search box reads no element.
  const rows = [...table.tBodies].map((body) => {
    const [heading, wanted, ...cells] = body.rows[0].cells;
    const name = heading.querySelector(".name");
    return {
      body,
      name: name.textContent,
      label: name,
      listed: "listed" in body.dataset,
      wanted: wanted.textContent,
      number: Number(wanted.dataset.number ?? 0), // a column of numbers: how many files need it
      outcomes: cells.map((cell) => cell.dataset.outcome ?? ""),
      reasons: cells.map((cell) => cell.dataset.reason ?? ""),
      text: [name, ...cells.flatMap((cell) => [...cell.getElementsByClassName("whole")])]
        .map((part) => part.textContent)
        .join("\n")
        .toLowerCase(),
    };
  });

  // --- filters ---

  const satisfies = (row, at, outcome, reason) => {
    const found = row.outcomes[at];
    if (reason && row.reasons[at] !== reason) return false;
    if (outcome === "gap") return ["pypi", "unmet", "unresolved"].includes(found);
    return !outcome || outcome === "differs" || found === outcome;
  };
  const filter = () => {
    const text = control("search").value.trim().toLowerCase();
    const outcome = control("outcome").value;
    const reason = control("reason").value;
    const target = control("target")?.value ?? "";
    const listed = control("listed").checked;
    let number = 0;
    for (const row of rows) {
      const places = target === "" ? row.outcomes.map((_, at) => at) : [Number(target)];
      const keep =
        (!listed || row.listed) &&
        (!text || row.text.includes(text)) &&
        (outcome !== "differs" || new Set(row.outcomes).size > 1) &&
        ((!outcome && !reason && target === "") ||
          places.some((at) => row.outcomes[at] && satisfies(row, at, outcome, reason)));
      number += keep;
      const hidden = (!keep || number > limit) && row.body !== linked;
      if (row.body.hidden !== hidden) row.body.hidden = hidden;
    }
    const all = rows.length === 1 ? "1 project" : `${rows.length} projects`;
    const found = number === rows.length ? all : `${number} of ${all}`;
    shown.textContent = number > limit ? `${found}; the first ${limit} are shown` : found;
    more.hidden = number <= limit;
  };
  const showAll = () => {
    limit = Infinity;
    filter();
  };
  more.addEventListener("click", () => {
    // The button is about to vanish; whoever used it stays where the rows are.
    table.parentElement.focus();
    showAll();
  });
  window.addEventListener("beforeprint", showAll);
  form.addEventListener("input", () => {
    limit = FEW;
    linked = null;
    filter();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter)); // once the fields are empty

  // --- sorting ---

  const ranks = ["unmet", "pypi", "unresolved", "distro", "inapplicable", ""];
  const byName = (one, other) => (one.name < other.name ? -1 : Number(one.name > other.name));
  const key = (row, column) => {
    if (column === 0) return 0;
    if (column === 1) return row.number || (row.listed ? "0" : "1") + row.wanted;
    return ranks.indexOf(row.outcomes[column - 2]);
  };
  const headers = [...table.tHead.rows[0].cells];
  const sort = (column) => {
    const direction = headers[column].getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    const sign = direction === "ascending" ? 1 : -1;
    for (const row of rows) row.key = key(row, column);
    rows.sort((one, other) => {
      if (one.key !== other.key) return one.key < other.key ? -sign : sign;
      return column === 0 ? sign * byName(one, other) : byName(one, other);
    });
    for (const header of headers) header.removeAttribute("aria-sort");
    headers[column].setAttribute("aria-sort", direction);
    table.append(...rows.map((row) => row.body));
    filter();
  };
  headers.forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(header.firstElementChild);
    button.addEventListener("click", () => sort(column));
    header.prepend(button);
  });

  // --- stories ---

  // The noscript element holds the story as text, escaped by the same code that would have shown it without a script.
  const tell = (body) => {
    const cell = body.rows[1].cells[0];
    const kept = cell.querySelector("noscript");
    if (!kept) return;
    const template = document.createElement("template");
    template.innerHTML = kept.textContent;
    cell.replaceChildren(template.content.querySelector(".story"));
  };
  const turn = (body, open) => {
    if (open) tell(body);
    body.rows[1].hidden = !open;
    body.querySelector("button").setAttribute("aria-expanded", String(open));
  };
  for (const { body, label } of rows) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.append(...label.childNodes);
    label.append(button);
    body.rows[1].hidden = true;
  }
  table.addEventListener("click", ({ target }) => {
    const button = target.closest("tbody th button");
    if (button) turn(button.closest("tbody"), button.getAttribute("aria-expanded") === "false");
  });

  // A link to a project opens it, whatever the filters hide.
  const reveal = (id) => {
    const body = document.getElementById(id);
    if (body?.parentElement !== table) return;
    if (body.hidden) {
      linked = body;
      form.reset();
      filter();
    }
    turn(body, true);
    body.querySelector("button").focus({ preventScroll: true });
    body.scrollIntoView();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#p"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // going there would take the focus away again
    history.pushState(null, "", link.hash);
    reveal(link.hash.slice(1));
  });
  window.addEventListener("hashchange", () => reveal(location.hash.slice(1)));

  form.hidden = false;
  filter();
  table.classList.add("ready");
  reveal(location.hash.slice(1));
}
