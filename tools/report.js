// Headings of tables become buttons that sort; without scripts the tables stay as they are.
const numberOf = (cell) => parseFloat(cell.dataset.value ?? cell.textContent.replace(/[~ ]/g, ""));
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = Array.from(table.tHead.rows[0].cells);
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      const numeric = heading.classList.contains("n");
      const order = (a, b) => {
        const x = a.cells[column];
        const y = b.cells[column];
        if (!numeric) {
          return x.textContent.localeCompare(y.textContent, "en", { numeric: true });
        }
        const left = numberOf(x);
        const right = numberOf(y);
        return isNaN(left) || isNaN(right) ? isNaN(left) - isNaN(right) : left - right;
      };
      const sorted = Array.from(body.rows).sort((a, b) => (down ? order(b, a) : order(a, b)));
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      body.append(...sorted);
    });
  });
}

// The files that the page was made from are in it, packed; a button saves each.
const save = async (file) => {
  const packed = new Blob([Uint8Array.from(atob(file.gzip), (letter) => letter.charCodeAt(0))]);
  const link = document.createElement("a");
  link.download = file.name;
  let content = packed;
  if (window.DecompressionStream) {
    content = await new Response(packed.stream().pipeThrough(new DecompressionStream("gzip"))).blob();
  } else {
    link.download += ".gz"; // an older browser leaves unpacking to another program
  }
  link.href = URL.createObjectURL(content);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};
const lines = document.querySelectorAll("#files ~ ul > li");
JSON.parse(document.getElementById("data").textContent).files.forEach((file, i) => {
  if (file.gzip) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Save";
    button.setAttribute("aria-label", `Save ${file.name}`);
    button.addEventListener("click", () => save(file));
    lines[i].append(" ", button);
  }
});
