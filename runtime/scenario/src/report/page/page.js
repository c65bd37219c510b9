"use strict";
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const heads = Array.from(table.tHead.rows[0].cells);
  const text = (row, index) => row.cells[index].dataset.v || row.cells[index].textContent;
  const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const number = head.classList.contains("n");
      const keyed = rows.map((row) => [text(row, index), row]);
      keyed.sort(([a], [b]) => {
        if ((a === "") !== (b === "")) return a === "" ? 1 : -1;
        const sign = number ? Number(a) - Number(b) : order.compare(a, b);
        return down ? -sign : sign;
      });
      body.append(...keyed.map(([, row]) => row));
    });
  });
  if (rows.length < 8) continue;
  const tools = document.createElement("div");
  const input = document.createElement("input");
  const count = document.createElement("span");
  tools.className = "tools";
  input.type = "search";
  input.placeholder = "Filter";
  input.setAttribute("aria-label", "Filter rows");
  count.setAttribute("role", "status");
  tools.append(input, count);
  table.parentElement.before(tools);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const all = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => all.includes(word));
      if (!row.hidden) shown += 1;
    }
    count.textContent = words.length ? shown + " of " + rows.length : "";
  });
}
